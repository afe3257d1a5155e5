"""Celery tasks: one effect (grey with more contrast) on a small picture, PNG in and out."""

import base64
import io
import os

from celery import Celery
from PIL import Image, ImageOps

redis = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0"
app = Celery("jobs", broker=redis, backend=redis)
app.conf.update(result_expires=3600, broker_connection_retry_on_startup=True)


@app.task
def effect(picture, contrast):
    grey = ImageOps.grayscale(Image.open(io.BytesIO(base64.b64decode(picture))))
    table = [min(255, max(0, round((value - 128) * contrast + 128))) for value in range(256)]
    out = io.BytesIO()
    grey.point(table).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()
