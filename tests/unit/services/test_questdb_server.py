from fintank.services.questdb_server import login_lines


def test_a_login_is_written_for_javas_properties() -> None:
    assert login_lines("", "") == ""
    lines = login_lines("tr\\ader", 'é "b"\nhttp.bind.to=0.0.0.0').splitlines()
    assert lines[:2] == [
        r"http.user=tr\\ader",
        r"http.password=\u00e9 \"b\"\nhttp.bind.to=0.0.0.0",
    ]
    assert [line.partition("=")[0] for line in lines[2:]] == ["pg.user", "pg.password"]
