"""Images are made of programs that are here, as every container engine reads them."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

from slackwater_testbed.nodes.images import Image


def test_image_holds_its_files_as_programs_and_says_what_is_started(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"tide")
    image = Image("example.org/tide:1", {"bin/tide": program}, ["/bin/tide", "high"])
    with tarfile.open(image.write(tmp_path / "image.tar")) as archive:
        [listed] = json.load(read(archive, "manifest.json"))
        config = json.load(read(archive, listed["Config"]))
        layer = read(archive, *listed["Layers"]).read()
        with tarfile.open(fileobj=read(archive, "layer.tar")) as files:
            assert files.getmember("bin/tide").mode == 0o755
            assert read(files, "bin/tide").read() == b"tide"
            assert files.getmember("bin/sh").linkname == "busybox"
    assert listed["RepoTags"] == ["example.org/tide:1"]
    assert config["config"]["Entrypoint"] == ["/bin/tide", "high"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert [file.name for file in tmp_path.glob("*.layer")] == []


def read(archive: tarfile.TarFile, name: str):
    content = archive.extractfile(name)
    assert content is not None
    return content
