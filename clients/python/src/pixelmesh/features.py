"""Features: named pipelines of the mesh."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Union

from pixelmesh.common.v1.picture_pb2 import Encoding
from pixelmesh.jobs.v1.job_service_pb2 import FeatureRequest
from pixelmesh.pipeline.v1 import pipeline_pb2 as pb
from pixelmesh.pipelines import Input, Pipeline, Setting, to_values


@dataclass(frozen=True)
class Feature:
    """A named pipeline of the mesh, in place of a pipeline. `Mesh.features` lists them."""

    name: str
    #: Missing ones take the feature's defaults. An `Input` is a further picture of the job, whose name is that of the setting.
    settings: Mapping[str, Setting] = field(default_factory=dict)
    #: 0: the newest.
    version: int = 0
    #: Encodings of the result by the names of outputs. Default: one output `result`.
    outputs: Mapping[str, Encoding] = field(default_factory=dict)

    def to_message(self) -> FeatureRequest:
        """Returns the message. Raises ValueError for a picture whose name is not that of its setting."""
        for key, setting in self.settings.items():
            if isinstance(setting, Input) and setting.picture != key:
                raise ValueError(f"Expected the picture of `{key}` to be named `{key}`, got `{setting.picture}`")
        outputs = [pb.Output(name=name, encoding=encoding) for name, encoding in self.outputs.items()]
        # Each setting has a picture of its own, so each is input 1.
        parameters = {key: to_values({key: setting}, [])[key] for key, setting in self.settings.items()}
        return FeatureRequest(name=self.name, version=self.version, parameters=parameters, outputs=outputs)


#: What a job does: a pipeline or a feature.
Work = Union[Pipeline, Feature]
