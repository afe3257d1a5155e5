"""Python client of Pixelmesh: upscale pictures, remove backgrounds and apply effects."""

from pixelmesh.calls import Tls
from pixelmesh.direct_calls import Preview, Result
from pixelmesh.failures import FieldViolation, PixelmeshError
from pixelmesh.features import Feature
from pixelmesh.job_calls import Download, JobSettings
from pixelmesh.mesh import BatchResult, FinishedJob, Mesh, connect
from pixelmesh.pictures import Stored, Url
from pixelmesh.pipelines import Input, NamedEffect, Pipeline, Text, effect, encoding

__all__ = [
    "BatchResult",
    "Download",
    "Feature",
    "FieldViolation",
    "FinishedJob",
    "Input",
    "JobSettings",
    "Mesh",
    "NamedEffect",
    "Pipeline",
    "PixelmeshError",
    "Preview",
    "Result",
    "Stored",
    "Text",
    "Tls",
    "Url",
    "connect",
    "effect",
    "encoding",
]
