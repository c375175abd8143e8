"""Settings are checked before anything is sent, and never show the key."""

import pytest

from coggno import AsyncCoggno, ConfigurationError, Timeout
from coggno._config import check_address, check_key, check_lms, is_loopback


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("COGGNO_API_KEY", "COGGNO_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("key", "address"), [("test_1", "https://beta.coggno.com"), ("live_1", "https://coggno.com/capp")]
)
def test_the_key_chooses_the_address(key, address):
    assert check_address(None, key) == address


@pytest.mark.parametrize(
    ("base_url", "key", "word"),
    [
        (None, "other_1", "neither test_ nor live_"),
        ("https://beta.coggno.com", "live_1", "does not belong"),
        ("https://coggno.com/capp", "test_1", "does not belong"),
        ("https://COGGNO.com./capp", "test_1", "does not belong"),
        ("https://www.coggno.com/capp", "test_1", "does not belong"),
        ("http://beta.coggno.com", "test_1", "https"),
        ("http://127.0.0.1.example.com", "test_1", "https"),
        ("http://localhost@example.com", "test_1", "user name"),
        ("ftp://localhost", "test_1", "https://"),
        ("localhost:8000", "test_1", "https://"),
        ("https://", "test_1", "https://"),
        ("https://localhost:99999", "test_1", "URL"),
        ("https://localhost/?a=1", "test_1", "path"),
        ("https://local host", "test_1", "path"),
        ("https://localhost/\x00", "test_1", "path"),
        (7, "test_1", "str"),
    ],
)
def test_unusable_address_is_refused_without_the_key(base_url, key, word):
    with pytest.raises(ConfigurationError, match=word) as caught:
        check_address(base_url, key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "base_url", ["http://localhost:8000", "http://127.9.9.9/", "http://[::1]:1", "https://proxy.example"]
)
def test_only_loopback_may_be_plain_http(base_url):
    assert check_address(base_url, "test_1") == base_url.rstrip("/")


def test_an_unknown_prefix_is_fine_with_an_address():
    assert check_address("https://lms.example", "other_1") == "https://lms.example"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.example.com", "128.0.0.1", "0.0.0.0", "beta.coggno.com"])
def test_not_loopback(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("key", [None, "", "test_a b", "test_a\n", "test_a:b", "tést_1", "test_\x00", b"test_1"])
def test_a_malformed_key_is_refused_and_not_shown(key):
    with pytest.raises(ConfigurationError) as caught:
        check_key(key)
    assert not key or str(key) not in str(caught.value)


def test_the_missing_key_says_what_to_do():
    with pytest.raises(ConfigurationError, match="COGGNO_API_KEY"):
        AsyncCoggno()


async def test_the_environment_fills_what_is_not_given(monkeypatch):
    monkeypatch.setenv("COGGNO_API_KEY", "test_secret")
    monkeypatch.setenv("COGGNO_BASE_URL", "http://localhost:1234/")
    async with AsyncCoggno() as coggno:
        assert repr(coggno) == "AsyncCoggno(base_url='http://localhost:1234', lms=None)"
        assert "test_secret" not in repr(coggno._session)
        assert "test_secret" not in repr(vars(coggno))


@pytest.mark.parametrize("lms", ["", "1 2", "1\r\nX: y", "é", True, -1, 1.5])
def test_a_company_that_cannot_be_an_id_is_refused(lms):
    with pytest.raises(ConfigurationError, match="Coggno-LMS"):
        check_lms(lms)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "5", True])
def test_time_limits_are_positive_seconds(value):
    with pytest.raises(ConfigurationError, match="seconds"):
        Timeout.of(value)


def test_one_number_limits_the_whole_attempt():
    assert Timeout.of(3) == Timeout(connect=3, read=3, write=3, pool=3, total=3, item=3)
    assert Timeout.of(None) == Timeout(connect=None, read=None, write=None, pool=None, total=None, item=None)


@pytest.mark.parametrize("retries", [-1, 1.5, True, "3"])
def test_max_retries_is_a_whole_number(retries):
    with pytest.raises(ConfigurationError, match="max_retries"):
        AsyncCoggno("test_1", max_retries=retries)


@pytest.mark.parametrize("client", [object(), "client"])
def test_a_strange_http_client_is_refused(client):
    with pytest.raises(ConfigurationError, match="http_client"):
        AsyncCoggno("test_1", http_client=client)


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("https://coggno.com/capp", "/capp"),
        ("https://beta.coggno.com/", ""),
        ("http://localhost/käse/%41/%2f", "/k%C3%A4se/%41/%2f"),
    ],
)
def test_base_path_is_ascii_and_as_written(base_url, path):
    assert AsyncCoggno("x", base_url=base_url)._session.config.base_path == path


@pytest.mark.parametrize("lms", ["abc", 0, -1, True, 1.5, "", " 1", "1/users", "²"])
def test_a_company_is_a_positive_id(lms):
    with pytest.raises(ConfigurationError, match="account id"):
        check_lms(lms)


def test_as_company_refuses_none():
    """It once sent `Coggno-LMS: None`."""
    with pytest.raises(ConfigurationError):
        AsyncCoggno("test_key").as_company(None)


@pytest.mark.parametrize("option", ["max_connections", "max_response_bytes"])
@pytest.mark.parametrize("value", [0, -1, True, 1.5, "x", None])
def test_counts_are_whole_numbers_from_1_on(option, value):
    with pytest.raises(ConfigurationError, match=option):
        AsyncCoggno("test_key", **{option: value})


@pytest.mark.parametrize(
    "name", ["Authorization", "host", "Coggno-LMS", "Content-Type", "content-length", "Cookie", "a b", ""]
)
def test_headers_replace_none_of_ours(name):
    with pytest.raises(ConfigurationError, match="headers"):
        AsyncCoggno("test_key", headers={name: "s3cret"})


@pytest.mark.parametrize("value", ["a\nb", " a", "ä", 5])
def test_unsendable_header_is_refused_without_its_value(value):
    with pytest.raises(ConfigurationError) as caught:
        AsyncCoggno("test_key", headers={"X-Trace": value})
    assert repr(value) not in str(caught.value)


def test_base_url_ends_before_the_version():
    with pytest.raises(ConfigurationError, match="/api/v1"):
        AsyncCoggno("test_key", base_url="https://beta.coggno.com/api/v1")


def test_with_options_replaces_headers():
    first = AsyncCoggno("test_key", headers={"X-A": "1"})
    second = first.with_options(headers={"X-B": "2"})
    assert (first._session.config.headers, second._session.config.headers) == ({"X-A": "1"}, {"X-B": "2"})


async def test_a_sync_with_says_what_to_write():
    with pytest.raises(TypeError, match="async with"), AsyncCoggno("test_key"):
        pass


@pytest.mark.parametrize("host", ["ｃoggno.com", "coggno。com", "COGGNO.com.", "www.coggno.com"])
def test_another_spelling_of_the_live_host_is_live(host):
    with pytest.raises(ConfigurationError, match="does not belong"):
        check_address(f"https://{host}/capp", "test_key")
