"""The folders that ship with the program."""

from bot import resources


def test_in_a_checkout_the_folders_lie_beside_the_package():
    """What is edited is what is used."""
    assert resources.root() == resources.PACKAGE.parent
    assert [
        folder().is_dir() for folder in (resources.locales, resources.migrations, resources.examples)
    ] == [
        True,
        True,
        True,
    ]


def test_in_a_wheel_the_folders_lie_inside_the_package(tmp_path):
    """An installed program finds its words without a checkout."""
    package = tmp_path / "site-packages" / "bot"
    (package / "_shipped").mkdir(parents=True)

    assert resources.root(package) == package / "_shipped"
