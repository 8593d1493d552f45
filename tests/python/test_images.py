"""Images: they reach the model byte for byte, and what is none never gets there."""

from __future__ import annotations

import base64
import socket
import struct
import zlib
from typing import Any

import openai
import pytest

from stack import MODEL, ScriptedModel, ask


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x10\x80\xf0" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg() -> bytes:
    """One grey pixel. Each of its two tables has one code of one bit."""
    table = bytes([1]) + bytes(15) + bytes([0])
    return (
        b"\xff\xd8"
        + (b"\xff\xdb\x00\x43\x00" + b"\x01" * 64)
        + b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
        + (b"\xff\xc4\x00\x14\x00" + table)
        + (b"\xff\xc4\x00\x14\x10" + table)
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x3f\xff\xd9"
    )


GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
BIG_PNG = png(2_500, 1_500) + bytes(6 * 1024 * 1024)


def data_url(image: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(image).decode()}"


def image_part(url: str, **fields: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **fields}}


def seen(model: ScriptedModel) -> list[str]:
    """The parts of the last user message as the model got them: texts, and the URLs of images."""
    return [part.get("text", part.get("image_url")) for part in model.conversation[-1]["content"]]


@pytest.mark.parametrize(
    ("image", "media_type"),
    [
        (png(3, 2), "image/png"),
        (jpeg(), "image/jpeg"),
        (WEBP, "image/webp"),
        (BIG_PNG, "image/png"),
    ],
    ids=["png", "jpeg", "webp", "8 MB png"],
)
@pytest.mark.parametrize("detail", ["auto", "high", "original"])
def test_an_image_arrives_byte_for_byte(
    client: openai.OpenAI, model: ScriptedModel, image: bytes, media_type: str, detail: str
) -> None:
    url = data_url(image, media_type)
    ask(client, [image_part(url, detail=detail)])
    assert seen(model) == [url]


def test_a_gif_arrives_as_the_png_that_codex_makes_of_it(client: openai.OpenAI, model: ScriptedModel) -> None:
    ask(client, [image_part(data_url(GIF, "image/gif"))])
    [url] = seen(model)
    file = base64.b64decode(url.removeprefix("data:image/png;base64,"), validate=True)
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", file[16:24]) == (1, 1)


def test_images_and_texts_keep_their_order(client: openai.OpenAI, model: ScriptedModel) -> None:
    images = [data_url(png(width, 1)) for width in range(1, 6)]
    content: list[Any] = [image_part(images[0])]
    for number, image in enumerate(images[1:]):
        content += [{"type": "text", "text": f"Picture {number}"}, image_part(image)]
    client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "user", "content": content},
            {"role": "assistant", "content": "And then?"},
            {"role": "user", "content": [image_part(images[0]), {"type": "text", "text": "Again."}]},
        ],
    )
    first, answer, second = [item["content"] for item in model.conversation]
    assert [part.get("text", part.get("image_url")) for part in first] == [
        part["text"] if part["type"] == "text" else part["image_url"]["url"] for part in content
    ]
    assert answer == [{"type": "output_text", "text": "And then?"}]
    assert [part["type"] for part in second] == ["input_image", "input_text"]


def test_the_media_type_is_what_the_bytes_show(client: openai.OpenAI, model: ScriptedModel) -> None:
    ask(client, [image_part(data_url(jpeg(), "image/png")), image_part(data_url(png(1, 1), "text/html"))])
    assert seen(model) == [data_url(jpeg(), "image/jpeg"), data_url(png(1, 1), "image/png")]


def test_a_low_detail_is_refused_since_codex_has_none(client: openai.OpenAI, model: ScriptedModel) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, [image_part(data_url(png(1, 1)), detail="low")])
    error = raised.value
    assert (error.param, error.code) == ("messages[0].content[0].image_url.detail", "unsupported_feature")
    assert model.requests == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64,@@@@", "invalid_base64_image"),
        ("data:image/png;base64,iVBORw0KGgo=====", "invalid_base64_image"),
        ("data:image/png;base64,", "empty_image_file"),
        ("data:image/png,plain", "invalid_image_url"),
        ("data:image/png;base64", "invalid_image_url"),
        (data_url(b"not an image"), "unsupported_image_media_type"),
        (
            data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
            "unsupported_image_media_type",
        ),
        (data_url(b"%PDF-1.7", "application/pdf"), "unsupported_image_media_type"),
        (data_url(b"BM" + bytes(60), "image/bmp"), "unsupported_image_media_type"),
        (data_url(png(40, 40)[:60]), "image_parse_error"),
        (data_url(GIF[:20], "image/gif"), "image_parse_error"),
        (data_url(WEBP[:20], "image/webp"), "image_parse_error"),
        (data_url(png(1, 1) + bytes(21_000_000)), "image_file_too_large"),
        (data_url(png(20_000, 1)), "image_too_large"),
        ("file:///etc/passwd", "invalid_image_url"),
        ("ftp://example.org/image.png", "invalid_image_url"),
        ("/etc/passwd", "invalid_image_url"),
        ("", "invalid_image_url"),
        ("https://", "invalid_image_url"),
        ("https://user:hunter2@example.org/image.png", "invalid_image_url"),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_not_an_image_is_refused_where_it_stands(
    client: openai.OpenAI, model: ScriptedModel, url: str, code: str
) -> None:
    content = [{"type": "text", "text": "Look:"}, image_part(data_url(png(1, 1))), image_part(url)]
    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, content)
    error = raised.value
    assert (error.param, error.code) == ("messages[0].content[2].image_url.url", code)
    assert "messages[0].content[2]" in error.message
    assert len(error.message) < 400
    assert "hunter2" not in error.message
    assert model.requests == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00::1]",
    ],
)
def test_no_image_is_fetched_from_this_machine_or_its_network(
    client: openai.OpenAI, model: ScriptedModel, host: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        with pytest.raises(openai.BadRequestError) as raised:
            ask(client, [image_part(f"http://{host}:{port}/secret?query=secret")])
        error = raised.value
        assert (error.param, error.code) == ("messages[0].content[0].image_url.url", "image_address_refused")
        assert "secret" not in error.message
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert model.requests == []
