"""Pipelines, built step by step."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable, Mapping, Sequence, Union

from pixelmesh.common.v1.picture_pb2 import Effect, Encoding, ImageFormat, Value
from pixelmesh.pipeline.v1 import pipeline_pb2 as pb

_COLOR = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
_MAX_EFFECTS = 16


@dataclass(frozen=True)
class Text:
    """A setting that stays a text, even if it looks like a colour."""

    text: str


@dataclass(frozen=True)
class Input:
    """A setting that is a further picture of the job, by its name."""

    picture: str


#: A setting of an effect. A text of the form `#rrggbb` or `#rrggbbaa` is a colour.
Setting = Union[float, int, bool, str, Text, Input]


@dataclass(frozen=True)
class NamedEffect:
    """An effect with its settings; missing ones take the effect's defaults, which `Mesh.effects` lists."""

    name: str
    settings: Mapping[str, Setting]


def effect(name: str, **settings: Setting) -> NamedEffect:
    """Returns an effect for `Mesh.apply_effects`, `Mesh.preview` and `Pipeline.effects`."""
    return NamedEffect(name, settings)


def encoding(format: str = "auto", *, quality: int = 0, lossless: bool = False, background: str = "") -> Encoding:
    """Returns how a result is encoded: format auto, jpeg, png, webp or avif; quality 1 to 100, or 0 for the default."""
    return Encoding(
        format=_word(ImageFormat, "IMAGE_FORMAT_", format), quality=quality, lossless=lossless, background=background
    )


def _upload(name: str) -> pb.Input:
    return pb.Input(upload=name)


def _source() -> pb.Input:
    return _upload("source")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline: each step takes the result of the one before. Empty, it keeps the picture. Immutable: every method returns a new one."""

    _steps: tuple[pb.Step, ...] = ()
    _outputs: tuple[pb.Output, ...] = ()
    _end: pb.Input = field(default_factory=_source)
    _original: pb.Input = field(default_factory=_source)
    _is_open: bool = False

    def prescale(self, *, max_side_px: int = 0, max_pixels: int = 0) -> Pipeline:
        """Shrinks the picture to bounds in pixels; never enlarges it."""
        return self._add("prescale", pb.Step(prescale=pb.PrescaleOperation(max_side_px=max_side_px, max_pixels=max_pixels)))

    def upscale(self, scale: int = 0, **settings: Any) -> Pipeline:
        """Enlarges the picture; `settings` are further fields of UpscaleOperation: model, target, denoise, finishing."""
        return self._add("upscale", pb.Step(upscale=pb.UpscaleOperation(scale=scale, **settings)))

    def remove_background(self, **settings: Any) -> Pipeline:
        """Cuts out the object; `settings` are fields of RemoveBackgroundOperation, with words such as result="matte" for its enums."""
        step = pb.Step(remove_background=cut_out(**settings))
        return replace(self._add("remove_background", step), _original=self._end)

    def replace_background(
        self,
        color: str | None = None,
        *,
        blur_sigma_px: float | None = None,
        gradient: Sequence[str] | None = None,
        angle: float = 180,
        picture: str | None = None,
        fit: str = "cover",
    ) -> Pipeline:
        """Puts a background behind a cut-out: a colour, the blurred original, a gradient, or a further picture by its name."""
        operation = replacement(color, blur_sigma_px=blur_sigma_px, gradient=gradient, angle=angle, picture=picture, fit=fit)
        more = [_upload(picture)] if picture else [self._original] if blur_sigma_px is not None else []
        return self._add("replace_background", pb.Step(replace_background=operation), more)

    def effect(self, name: str, **settings: Setting) -> Pipeline:
        """Applies an effect. Up to 16 effects in a row are one step, which is rounded once."""
        last = self._steps[-1] if self._steps else None
        if not self._is_open or last is None or len(last.apply_effects.effects) >= _MAX_EFFECTS:
            return replace(self.effects([NamedEffect(name, settings)]), _is_open=True)
        step = pb.Step()
        step.CopyFrom(last)
        names = [each.upload for each in step.inputs[1:]]
        step.apply_effects.effects.append(_to_effect(NamedEffect(name, settings), names))
        del step.inputs[1:]
        step.inputs.extend(_upload(each) for each in names)
        return replace(self, _steps=(*self._steps[:-1], step))

    def effects(self, effects: Iterable[NamedEffect], *, default_order: bool | None = None) -> Pipeline:
        """Applies effects as a step of their own; `default_order`: in the catalogue's order where it has one."""
        names: list[str] = []
        messages = [_to_effect(each, names) for each in effects]
        step = pb.Step(apply_effects=pb.ApplyEffectsOperation(effects=messages, default_order=default_order))
        return self._add("apply_effects", step, [_upload(each) for each in names])

    def remote_model(self, model: str, *, result: int = 1, **settings: Setting) -> Pipeline:
        """Sends the picture to a hosted model, outside of the mesh. `Mesh.remote_models` lists them with their settings."""
        names: list[str] = []
        operation = pb.RemoteModelOperation(model=model, parameters=to_values(settings, names), result=result)
        return self._add("remote_model", pb.Step(remote_model=operation), [_upload(each) for each in names])

    def variant(self, name: str, build: Callable[[Pipeline], Pipeline], format: str = "auto", **how: Any) -> Pipeline:
        """Branches off here: the steps that `build` adds make a further output of this name."""
        branch = build(replace(self, _is_open=False)).output(name, format, **how)
        return replace(self, _steps=branch._steps, _outputs=branch._outputs, _is_open=False)

    def output(self, name: str, format: str = "auto", **how: Any) -> Pipeline:
        """Keeps the result so far as an output. Without any output or variant, the last result is the output `result`."""
        ended = self if self._end.HasField("step") else self.prescale()
        kept = pb.Output(name=name, step=ended._end.step, encoding=encoding(format, **how))
        return replace(ended, _outputs=(*ended._outputs, kept), _is_open=False)

    def to_message(self) -> pb.Pipeline:
        """Returns the message. The mesh checks operations and sizes when a job is created."""
        whole = self if self._steps else self.prescale()
        return pb.Pipeline(steps=whole._steps, outputs=whole._outputs)

    def _add(self, name: str, step: pb.Step, more: Sequence[pb.Input] = ()) -> Pipeline:
        count = sum(each.WhichOneof("operation") == name for each in self._steps)
        step.id = name if count == 0 else f"{name}-{count + 1}"
        step.inputs.extend([self._end, *more])
        return replace(self, _steps=(*self._steps, step), _end=pb.Input(step=step.id), _is_open=False)


def to_effects(effects: Iterable[NamedEffect]) -> pb.ApplyEffectsOperation:
    """Converts effects without further pictures to their operation."""
    return pb.ApplyEffectsOperation(effects=[_to_effect(each, []) for each in effects])


def cut_out(**settings: Any) -> pb.RemoveBackgroundOperation:
    """Converts settings of a cut-out. Raises ValueError for an unknown word."""
    enums: dict[str, tuple[Any, str]] = {
        "existing_alpha": (pb.ExistingAlpha, "EXISTING_ALPHA_"),
        "result": (pb.CutOutResult, "CUT_OUT_RESULT_"),
        "on_low_confidence": (pb.LowConfidence, "LOW_CONFIDENCE_"),
        "refine": (pb.Refinement, "REFINEMENT_"),
    }
    values = {key: _word(*enums[key], word) if key in enums else word for key, word in settings.items()}
    return pb.RemoveBackgroundOperation(**values)


def replacement(
    color: str | None = None,
    *,
    blur_sigma_px: float | None = None,
    gradient: Sequence[str] | None = None,
    angle: float = 180,
    picture: str | None = None,
    fit: str = "cover",
) -> pb.ReplaceBackgroundOperation:
    """Converts a new background. Raises ValueError unless exactly one is given."""
    given = [each for each in (color, blur_sigma_px, gradient, picture) if each is not None]
    if len(given) != 1:
        raise ValueError(f"Expected one of `color`, `blur_sigma_px`, `gradient` and `picture`, got {len(given)}")
    if picture is not None:
        placed = pb.PictureBackground(fit=_word(pb.PictureFit, "PICTURE_FIT_", fit))
        return pb.ReplaceBackgroundOperation(picture=placed)
    if gradient is not None:
        return pb.ReplaceBackgroundOperation(gradient=pb.GradientBackground(colors=gradient, angle=angle))
    if blur_sigma_px is not None:
        return pb.ReplaceBackgroundOperation(blur_sigma_px=blur_sigma_px)
    return pb.ReplaceBackgroundOperation(color=color or "")


def _to_effect(given: NamedEffect, names: list[str]) -> Effect:
    """Converts an effect. Adds the pictures that it takes to `names`; the first of them is input 1."""
    return Effect(name=given.name, parameters=to_values(given.settings, names))


def to_values(settings: Mapping[str, Setting], names: list[str]) -> dict[str, Value]:
    """Converts settings. Adds the pictures that they take to `names`; the first of them is input 1."""
    return {key: _to_value(each, names) for key, each in settings.items()}


def _to_value(setting: Setting, names: list[str]) -> Value:
    if isinstance(setting, bool):
        return Value(flag=setting)
    if isinstance(setting, (int, float)):
        return Value(number=setting)
    if isinstance(setting, Text):
        return Value(text=setting.text)
    if isinstance(setting, Input):
        if setting.picture not in names:
            names.append(setting.picture)
        return Value(input=names.index(setting.picture) + 1)
    return Value(color=setting) if _COLOR.fullmatch(setting) else Value(text=setting)


def _word(enum: Any, prefix: str, word: str) -> Any:
    """Returns the value of a word for an enum of the contract."""
    known = [name.removeprefix(prefix).lower() for name in enum.keys() if not name.endswith("UNSPECIFIED")]
    if word not in known:
        raise ValueError(f"Expected one of {', '.join(known)}, got `{word}`")
    return enum.Value(prefix + word.upper())
