"""`tenggat doctor`: what is wrong, and what mends it."""


def test_what_is_wrong_ends_it_with_1_and_a_remedy(tenggat, home):
    """A script can stop a deployment on it."""
    done = tenggat("doctor", "--json")

    wrong = {check["name"]: check["fix"] for check in done.json["checks"] if not check["ok"]}
    assert done.code == 1
    assert "tenggat db upgrade" in wrong["the database answers and is up to date"]


def test_people_read_it_a_line_a_check(tenggat, home):
    lines = tenggat("doctor").out.splitlines()

    assert lines[0] == "ok     the settings can be read"
    assert any(line.startswith("wrong  ") for line in lines)
    assert any(line.startswith("       → ") for line in lines)
