"""Makes what every server of Orderly needs before the first migration: two roles and a database; and clones of it."""

import contextlib

import psycopg
from psycopg import sql

from config.dev.postgres import APP_ROLE, DATABASE, OWNER_ROLE

# What the app's role is told at each connection. A person gets an answer within five seconds instead of a hanging page,
# also one who waits twice, for the first in the queue for a row and then for the row. And today's disks answer a random
# read as quickly as the next one: PostgreSQL's own 4 has it read small tables whole.
APP_SETTINGS = {"lock_timeout": "2s", "random_page_cost": "1.1"}
ONE_AT_A_TIME = 7_301_001  # the number of our lock among PostgreSQL's advisory locks


def ensure_roles_and_database(admin_uri: str, *, database: str = DATABASE) -> None:
    """Make the owner's and the app's role and the owner's database, each unless it is there.

    The app's role may log in and nothing more: what it may do to each table is granted after migrations.
    """
    with psycopg.connect(admin_uri, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
            for role, abilities in ((OWNER_ROLE, "LOGIN"), (APP_ROLE, "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")):
                if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
                    connection.execute(sql.SQL("CREATE ROLE {} " + abilities).format(sql.Identifier(role)))
            for name, value in APP_SETTINGS.items():
                connection.execute(
                    sql.SQL("ALTER ROLE {} SET {} = {}").format(
                        sql.Identifier(APP_ROLE), sql.Identifier(name), sql.Literal(value)
                    )
                )
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).rowcount:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):  # another process was quicker
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER_ROLE))
                )


def clone_database(admin_uri: str, *, template: str, database: str) -> None:
    """Make a database anew as a copy of another one, whoever is connected to the old one."""
    drop_database(admin_uri, database=database)
    with psycopg.connect(admin_uri, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(database), sql.Identifier(template), sql.Identifier(OWNER_ROLE)
            )
        )


def drop_database(admin_uri: str, *, database: str) -> None:
    """Drop a database, whoever is connected to it, if it is there."""
    with psycopg.connect(admin_uri, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
