"""Logging in, tokens and keys: nothing is open, nothing is told apart that a guesser could use."""

from tests.api.house import KEY, PASSWORD, House


async def test_a_login_gives_a_token_that_works(house: House) -> None:
    answer = await house.call("POST", "/api/v1/login", json={"login": "ann", "password": PASSWORD})
    assert answer.status == 200
    assert answer.body["account"] == {
        "login": "ann",
        "agent": "ann",
        "grants": [{"role": "agent", "teams": ["first"]}],
        "disabled": False,
    }
    me = await house.call(
        "GET", "/api/v1/agents/me", headers={"Authorization": f"Bearer {answer.body['access_token']}"}
    )
    assert (me.status, me.body["id"]) == (200, "ann")


async def test_an_unknown_login_is_answered_like_a_wrong_password(house: House) -> None:
    wrong = await house.call("POST", "/api/v1/login", json={"login": "ann", "password": "wrong password"})
    unknown = await house.call("POST", "/api/v1/login", json={"login": "nobody", "password": "wrong password"})
    wrong.problem(401, "login_failed")
    for answer in (wrong, unknown):
        answer.body.pop("instance")
    assert unknown.body == wrong.body
