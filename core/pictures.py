"""Pictures that people send: made anew from nothing but their pixels (T32)."""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from core.refusals import Blocked

# In which a paper holds one of them, as base64
ADDRESS = "asset:picture/"
PNG = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 20_000_000
# What is printed an inch high needs no more
WIDEST, HIGHEST = 1200, 400


class PictureRefused(Blocked):
    """A file is no picture that can be taken."""

    code = "picture_refused"


def as_png(content: BinaryIO, size: int) -> bytes:
    """Return a PNG or JPEG picture as a PNG that is no larger than paper needs, and holds nothing but its pixels.

    :raises PictureRefused: where it is none, too large, or damaged.
    """
    if size > MOST_BYTES:
        raise PictureRefused(f"This file has {size / 1024 / 1024:.1f} MB: choose one of 2 MB at most.")
    # WeasyPrint, which prints in another process, would have half a picture taken for a whole one
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with Image.open(content, formats=("PNG", "JPEG")) as sent:
            if sent.width * sent.height > MOST_PIXELS:
                raise PictureRefused(
                    f"This picture has {sent.width:,} × {sent.height:,} pixels: make it smaller first."
                )
            picture = ImageOps.exif_transpose(sent).convert("RGBA")
    except UnidentifiedImageError as error:
        raise PictureRefused("This is no PNG or JPEG picture.") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureRefused("This picture is damaged: save it anew and choose it again.") from error
    picture.thumbnail((WIDEST, HIGHEST))
    made = Image.new("RGBA", picture.size)
    made.paste(picture)
    file = io.BytesIO()
    made.save(file, "PNG", optimize=True)
    return file.getvalue()
