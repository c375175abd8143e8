"""Files that are replaced whole."""

from coggno.provisioning.safe_file import replacing


def test_a_symbolic_link_stays_a_link(tmp_path):
    """Config files are often links into a folder under version control."""
    real = tmp_path / "kept" / "config.toml"
    real.parent.mkdir()
    real.write_text("old")
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    with replacing(link, encoding="utf-8", errors="strict") as file:
        file.write("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert [path.name for path in real.parent.iterdir()] == ["config.toml"]
