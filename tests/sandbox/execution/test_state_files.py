"""The state in a file: loaded, saved, and saved while requests go on."""

import json
import os
import threading

import pytest

from coggno.sandbox import ManualClock, Sandbox, StateFileError, StateSaver
from coggno.sandbox.execution import state_files
from tests.sandbox.helpers import PASSWORD, connect, person


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state.json"


async def test_saved_state_is_loaded_elsewhere(sandbox, file):
    async with connect(sandbox) as api:
        await api.post("users", data=person("ann"))
        await api.post("groups", data={"name": "Drivers"})
        before = (await api.get("users")).json()
    sandbox.save_state(file)
    other = Sandbox(clock=ManualClock())
    other.seed_users(5)
    other.load_state(file)
    async with connect(other) as api:
        assert (await api.get("users")).json() == before
        assert (await api.post("users", data=person("ann"))).status_code == 422
    assert [group.name for group in other.groups()] == ["Drivers"]


async def test_file_holds_no_secret(sandbox, file):
    async with connect(sandbox, key="test_very_secret") as api:
        await api.post("users", data=person("ann"))
    sandbox.save_state(file)
    assert PASSWORD not in file.read_text()
    assert "test_very_secret" not in file.read_text()


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_file_is_for_its_owner_only(sandbox, file):
    sandbox.save_state(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_link_stays_a_link(sandbox, file, tmp_path):
    target = tmp_path / "target.json"
    file.symlink_to(target)
    sandbox.save_state(file)
    assert file.is_symlink()
    assert target.is_file()


def test_text_that_is_no_unicode_comes_back(sandbox, file):
    sandbox.seed_user("half", first_name="\ud800")
    sandbox.save_state(file)
    other = Sandbox()
    other.load_state(file)
    assert other.user("half").first_name == "\ud800"


def test_unfinished_write_leaves_the_old_file(sandbox, file, monkeypatch):
    sandbox.save_state(file)
    before = file.read_bytes()
    sandbox.seed_user("ann")

    def fail(_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        sandbox.save_state(file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_every_truncated_file_is_refused(sandbox, file):
    sandbox.populate(users=3, documents=1)
    sandbox.save_state(file)
    content = file.read_bytes().rstrip()
    users = sandbox.users()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        with pytest.raises(StateFileError, match=r"it is not JSON, or not all of it \(line \d+"):
            sandbox.load_state(file)
    assert sandbox.users() == users


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b'{"format": 1' + b"0" * 5000 + b"}", b"{}", b"7"])
def test_anything_else_is_refused(sandbox, file, content):
    file.write_bytes(content)
    with pytest.raises(StateFileError):
        sandbox.load_state(file)


class TestStateSaver:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch):
        monkeypatch.setattr(state_files, "_INTERVAL", 0.001)

    async def test_changes_are_saved_while_it_runs(self, sandbox, file):
        with StateSaver(sandbox, file):
            async with connect(sandbox) as api:
                await api.post("groups", data={"name": "Drivers"})
            while not json.loads(file.read_bytes())["groups"]:
                threading.Event().wait(0.001)

    def test_last_changes_are_saved_at_the_end(self, sandbox, file, monkeypatch):
        monkeypatch.setattr(state_files, "_INTERVAL", 1000)
        with StateSaver(sandbox, file):
            sandbox.seed_group("Drivers")
        assert [group["name"] for group in json.loads(file.read_bytes())["groups"]] == ["Drivers"]

    def test_unchanged_state_is_not_written_again(self, sandbox, file, monkeypatch):
        saved = []
        monkeypatch.setattr(sandbox, "save_state", saved.append)
        with StateSaver(sandbox, file):
            pass
        assert saved == [file]

    def test_error_is_reported_and_tried_again(self, sandbox, file, monkeypatch):
        reported, failed = [], threading.Event()

        def report(error):
            reported.append(error)
            failed.set()

        with StateSaver(sandbox, file, on_error=report), monkeypatch.context() as patched:
            patched.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
            sandbox.seed_group("Drivers")
            assert failed.wait(10)
        assert str(reported[0]) == "full"
        assert json.loads(file.read_bytes())["groups"]

    def test_start_fails_where_nothing_can_be_written(self, sandbox, tmp_path):
        with pytest.raises(OSError, match="No such file"):
            StateSaver(sandbox, tmp_path / "missing" / "state.json").start()
