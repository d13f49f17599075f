"""The PostgreSQL that the tests bring along."""

from sqlalchemy import create_engine, text


def test_each_test_gets_an_empty_database(postgres_url):
    """No test depends on what another left behind."""
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        tables = connection.execute(
            text("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        ).scalar_one()
    engine.dispose()

    assert tables == 0
