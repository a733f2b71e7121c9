"""What the demo hands to its bot: the demo's own addresses, whatever the shell was set up for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.__main__ import arguments, environment
from simulator.world import TOKEN, World

DATA = Path("/data/of/the/demo")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World() as world:
        yield world


def test_the_command_line_has_working_defaults() -> None:
    options = arguments([])
    assert (options.port, options.tws_port, options.seed, options.token) == (8600, 0, 7, TOKEN)
    assert (options.no_bot, options.no_walk, options.data, options.close_in) == (False, False, None, None)


async def test_the_bot_is_led_to_the_simulators_with_the_demo_users(world: World) -> None:
    given = environment(world, TOKEN, DATA, {})
    assert given["TELEGRAM_BOT_TOKEN"] == TOKEN
    assert given["TELEGRAM_API_URL"] == world.telegram_url
    assert given["TELEGRAM_USERS"] == "111:admin,222:trader,333:viewer"
    assert (given["IB_HOST"], given["IB_PORT"]) == ("127.0.0.1", str(world.tws_port))
    assert given["DATABASE_URL"] == f"sqlite:///{DATA}/squawkbot.db"
    assert given["DATA_DIR"] == str(DATA)
    assert (given["HTTP_PORT"], given["TIMEZONE"]) == ("0", "America/New_York")
    assert (given["SESSION_REFRESH_S"], given["SUMMARY_DELAY_S"]) == ("2", "0")


async def test_a_shell_set_up_for_a_real_account_does_not_lead_the_demo_there(world: World) -> None:
    real = {
        "TELEGRAM_BOT_TOKEN": "1:real",
        "TELEGRAM_BOT_TOKEN_FILE": "/run/secrets/token",
        "TELEGRAM_API_URL": "https://api.example",
        "TELEGRAM_USERS": "5:admin",
        "IB_HOST": "gateway",
        "IB_PORT": "4001",
        "IB_ACCOUNT": "U7654321",
        "DATABASE_URL": "postgresql://db/real",
        "DATA_DIR": "/srv/real",
        "FLEX_TOKEN": "real",
        "HOOK_PORT": "8080",
    }
    given = environment(world, TOKEN, DATA, real)
    assert not set(given.items()) & set(real.items())


async def test_what_the_user_prefers_is_kept(world: World) -> None:
    prefers = {"HTTP_PORT": "9100", "TIMEZONE": "Europe/Berlin", "SUMMARY_DELAY_S": "5", "LOG_LEVEL": "DEBUG"}
    given = environment(world, TOKEN, DATA, prefers)
    assert {name: given[name] for name in prefers} == prefers


async def test_a_proxy_of_the_shell_does_not_stand_between_bot_and_loopback(world: World) -> None:
    given = environment(world, TOKEN, DATA, {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "localhost"})
    assert given["NO_PROXY"] == "127.0.0.1,localhost"
    assert given["no_proxy"] == "127.0.0.1"
