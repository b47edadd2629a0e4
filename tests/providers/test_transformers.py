"""Real models in this process: SmolLM2, and a tiny vision-language model made on the spot."""

import asyncio
import gc
import io
import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("torch")

import numpy as np
import torch
from PIL import Image as Pillow

from harness.api import FatalError, Host, Image, InputError, Message, Request, Sampling, Text
from harness.providers import transformers as module
from harness.providers.embedded import model_file
from harness.providers.transformers import TransformersProvider
from harness.testing import ProviderContract, engines

MOVES = ("go", "go forward", "turn left", "turn right")


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """On a busy machine, threads that wait for each other make generation ten times slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def smollm2():
    """SmolLM2's engine, loaded once out of its GGUF file by a provider's own means."""
    file = model_file()
    gc.disable()  # reading the file makes millions of objects, none of them garbage: a third of the time
    engine = opened(TransformersProvider(str(file.parent), gguf=file.name))
    gc.enable()
    return engine


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return engines.tiny_idefics3(tmp_path_factory.mktemp("engines") / "idefics3")


@pytest.fixture(scope="module")
def tiny(folder):
    return opened(TransformersProvider(str(folder), max_tokens=12))


def opened(provider):
    async def once():
        await provider.aopen(Host())
        engine = provider._engine
        await provider.aclose()
        return engine

    return asyncio.run(once())


def serving(engine, **options):
    """A fresh provider of a model that is loaded already."""
    provider = TransformersProvider("loaded", **options)
    provider._engine = engine
    return provider


async def ask(engine, *requests, **options):
    """The answers to requests made at the same time; errors in their places."""
    provider = serving(engine, **options)
    try:
        return await asyncio.gather(*map(provider.complete, requests), return_exceptions=True)
    finally:
        await provider.aclose()


async def alone(engine, requests):
    return [(await ask(engine, request))[0] for request in requests]


def say(text, *pictures, choices=None, turn=0, **sampling):
    message = Message("user", (Text(text), *pictures))
    return Request((message,), choices=choices, sampling=Sampling(**sampling), turn=turn)


async def until(check):
    async with asyncio.timeout(20):
        while not check():  # noqa: ASYNC110 - it is another thread that makes it true
            await asyncio.sleep(0.002)


def picture(seed, size=32):
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, format="PNG")
    return Image(buffer.getvalue())


@pytest.fixture
def batches(monkeypatch):
    """Watch an engine: the sizes of the batches that it is given."""

    def watch(engine):
        sizes, answer = [], engine.answer
        monkeypatch.setattr(engine, "answer", lambda jobs: (sizes.append(len(jobs)), answer(jobs))[1])
        return sizes

    return watch


class TestSmolLM2(ProviderContract):
    plugin = TransformersProvider

    @pytest.fixture(autouse=True)
    def _engine(self, smollm2):
        self.engine = smollm2

    def provider(self):
        return serving(self.engine, max_tokens=16)

    def test_takes_or_refuses_pictures(self):
        """The class takes pictures; whether a model does is known when it is loaded."""
        request = say("What is this?", picture(1))
        with pytest.raises(FatalError, match="takes no pictures"):
            self.ask(request)


class TestIdefics3(ProviderContract):
    plugin = TransformersProvider

    @pytest.fixture(autouse=True)
    def _folder(self, folder):
        self.model = str(folder)


SENTENCES = (
    "Say hello.",
    "What is the capital of France, and what is it known for? Answer in one long sentence.",
    "Count: one, two,",
)


async def test_an_answer_does_not_depend_on_its_neighbours(smollm2, batches):
    requests = [say(text, max_tokens=4 + 2 * n) for n, text in enumerate(SENTENCES)]
    requests.append(say("Which way?", choices=MOVES))
    sizes = batches(smollm2)
    together = await ask(smollm2, *requests)
    assert sizes == [4]
    assert together == await alone(smollm2, requests)


async def test_a_drawn_answer_does_not_depend_on_its_neighbours(tiny, batches):
    requests = [say(text, temperature=1.0, top_p=0.9, seed=7, max_tokens=8) for text in SENTENCES]
    requests.append(say("Which way?", choices=MOVES, temperature=2.0, seed=7))
    sizes = batches(tiny)
    together = await ask(tiny, *requests)
    assert sizes == [4]
    assert together == await alone(tiny, requests)


async def test_seeds_and_turns_have_dice_of_their_own(tiny):
    def drawn(**more):
        return say("Say something.", temperature=1.0, max_tokens=8, **more)

    one, again, other, later, unset, zero = await ask(
        tiny, drawn(seed=1), drawn(seed=1), drawn(seed=2), drawn(seed=1, turn=1), drawn(), drawn(seed=0)
    )
    assert one == again
    assert unset == zero
    assert len({one.text, other.text, later.text, zero.text}) == 4


async def test_no_temperature_and_a_tiny_top_p_both_take_the_likeliest_token(tiny):
    ways = ({}, {"temperature": 0.0}, {"temperature": 0.7, "top_p": 0.0}, {"temperature": 0.001, "seed": 3})
    texts = {done.text for done in await ask(tiny, *(say("Say it.", max_tokens=6, **way) for way in ways))}
    assert len(texts) == 1


async def test_only_allowed_answers_come_back_and_each_of_them_can(tiny):
    drawn = [say("Which way?", choices=MOVES, temperature=1.5, seed=seed) for seed in range(64)]
    done = await ask(tiny, *drawn, batch_size=32)
    assert {completion.text for completion in done} == set(MOVES), "every answer can be drawn"
    assert all(completion.finish == "stop" for completion in done)
    assert all(completion.details == {"constraint": "trie"} for completion in done)


async def test_an_answer_that_begins_another_is_told_from_it_by_its_end(tiny):
    words = ("door", "wall", "key", "ball", "box", "lava", "agent", "goal")
    done = await ask(tiny, *(say(word, choices=("go", "go forward")) for word in words))
    assert {(one.text, one.usage.output) for one in done} == {("go", 1), ("go forward", 2)}


async def test_allowed_answers_are_cut_by_nothing(tiny):
    whole, single, twins = await ask(
        tiny,
        say("Choose.", choices=("turn left", "turn right"), max_tokens=1, stop=("turn",)),
        say("Choose.", choices=("the only way there is",)),
        say("Choose.", choices=("same", "same", "")),
    )
    assert whole.text in ("turn left", "turn right")
    assert single.text == "the only way there is"
    assert twins.text in ("same", "")


async def test_the_likeliest_allowed_answer_is_the_models_own(smollm2):
    """An unconstrained answer that is allowed stays what it was."""
    question = "What is the capital of France? Answer with one word."
    (free,) = await ask(smollm2, say(question, max_tokens=16))
    (held,) = await ask(smollm2, say(question, choices=("Berlin", free.text, "turn left")))
    assert held.text == free.text


async def test_stop_strings_and_limits_cut_a_row_and_not_its_neighbours(smollm2):
    question = "What is the capital of France?"
    whole, stopped, short = await ask(
        smollm2,
        say(question, max_tokens=30),
        say(question, max_tokens=30, stop=("unheard of", " Paris", "of France")),
        say(question, max_tokens=3),
    )
    assert whole.finish == "stop"
    assert "of France is Paris" in whole.text
    assert (stopped.text, stopped.finish) == (whole.text.partition("of France")[0], "stop")
    assert whole.text.startswith(short.text)
    assert (short.finish, short.usage.output) == ("length", 3)
    assert stopped.usage.output < whole.usage.output


async def test_the_providers_limit_holds_where_the_request_has_none(tiny):
    (done,) = await ask(tiny, say("Say something."))
    assert (done.usage.output, done.finish) == (12, "length")


async def test_tokens_are_counted_by_the_models_own_tokenizer(smollm2):
    system = (Message.of("system", "You play."), Message.of("user", "A door."), Message.of("assistant", "go"))
    long = Request((*system, Message.of("user", "A wall. " * 20)), choices=("go", "go forward"))
    requests = [say("Say hello.", max_tokens=5), long]
    done = await ask(smollm2, *requests)
    for request, completion in zip(requests, done, strict=True):
        chat = [{"role": message.role, "content": message.text} for message in request.messages]
        prompt = smollm2.tokenizer.apply_chat_template(chat, add_generation_prompt=True)["input_ids"]
        answer = smollm2.tokenizer(completion.text)["input_ids"]
        assert (completion.usage.input, completion.usage.output) == (len(prompt), len(answer))
        assert completion.usage.cached == 0


async def test_a_picture_changes_the_answer_and_costs_tokens(tiny):
    none, one, same, other, two = await alone(
        tiny,
        [
            say("What is this?", *pictures, max_tokens=8)
            for pictures in ((), (picture(1),), (picture(1),), (picture(2),), (picture(1), picture(2)))
        ],
    )
    assert one == same
    assert len({none.text, one.text, other.text, two.text}) == 4
    assert one.usage.input - none.usage.input == two.usage.input - one.usage.input == 19


async def test_pictures_have_batches_of_their_own(tiny, batches):
    shown = ((), (picture(1),), (picture(1), picture(2, size=48)), (picture(3, size=20),), ())
    requests = [say("What is this?", *pictures, max_tokens=6) for pictures in shown]
    sizes = batches(tiny)
    together = await ask(tiny, *requests)
    assert sizes == [2, 3]
    assert together == await alone(tiny, requests)


async def test_what_comes_while_a_batch_is_worked_on_is_the_next_one(tiny, batches):
    def asked(count, **more):
        requests = [say("Say something.", turn=n, **more) for n in range(count)]
        return [asyncio.ensure_future(provider.complete(request)) for request in requests]

    provider = serving(tiny, batch_size=4)
    sizes = batches(tiny)
    first = asked(3, max_tokens=60)
    await until(lambda: sizes)
    await asyncio.gather(*first, *asked(5, max_tokens=2))
    await provider.aclose()
    assert sizes == [3, 4, 1]


async def test_a_prompt_that_is_too_long_fails_alone(tiny):
    fits, long, full = await ask(
        tiny, say("Say hello.", max_tokens=4), say("word " * 3000), say("word " * 2030, max_tokens=100)
    )
    assert fits.usage.output == 4
    assert isinstance(long, FatalError)
    assert "3010 tokens" in str(long)
    assert "2048" in str(long)
    assert "shorter history" in str(long)
    assert (full.finish, full.usage.input + full.usage.output) == ("length", 2048)


async def test_a_broken_picture_fails_alone(tiny):
    good, broken = await ask(
        tiny, say("What?", picture(1), max_tokens=4), say("What?", Image(b"no PNG"), max_tokens=4)
    )
    assert good.usage.output == 4
    assert isinstance(broken, FatalError)
    assert "cannot identify image" in str(broken)


@pytest.mark.parametrize(
    ("error", "words"),
    [(torch.OutOfMemoryError("CUDA out of memory"), "batch_size"), (RuntimeError("it broke"), "it broke")],
)
async def test_a_failing_engine_is_told_and_the_next_batch_goes_on(tiny, monkeypatch, error, words):
    def fails(**_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(tiny._model, "generate", fails)
        failed = await ask(tiny, *(say("Say hello.", turn=n) for n in range(2)))
    assert all(isinstance(one, FatalError) and words in str(one) for one in failed)
    (done,) = await ask(tiny, say("Say hello.", max_tokens=2))
    assert done.usage.output == 2


async def test_a_cancelled_request_hurts_no_other_in_its_batch(tiny, batches):
    requests = [say(f"Say {n}.", max_tokens=60) for n in range(3)]
    provider = serving(tiny)
    sizes = batches(tiny)
    tasks = [asyncio.ensure_future(provider.complete(request)) for request in requests]
    await until(lambda: sizes)
    tasks[1].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[1], asyncio.CancelledError)
    await provider.aclose()
    assert sizes == [3]
    assert [done[0], done[2]] == await alone(tiny, [requests[0], requests[2]])


async def test_a_batch_that_nobody_waits_for_ends_at_once(tiny, batches):
    provider = serving(tiny)
    sizes = batches(tiny)
    task = asyncio.ensure_future(provider.complete(say("Say something.", max_tokens=2000)))
    await until(lambda: sizes)
    task.cancel()
    begun = time.perf_counter()
    await provider.complete(say("Say something.", max_tokens=1))
    assert time.perf_counter() - begun < 3.0, "2000 tokens take longer"
    await provider.aclose()


async def test_closing_fails_what_waits_and_ends_the_thread(tiny, batches):
    provider = serving(tiny, batch_size=1)
    sizes = batches(tiny)
    requests = [say("Say something.", max_tokens=2000, turn=n) for n in range(3)]
    tasks = [asyncio.ensure_future(provider.complete(request)) for request in requests]
    await until(lambda: sizes)
    (thread,) = [thread for thread in threading.enumerate() if thread.name.startswith("transformers")]
    await provider.aclose()
    await provider.aclose()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["the model is closed"] * 3
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()
    with pytest.raises(FatalError, match="closed"):
        await provider.complete(requests[0])


async def test_loading_that_takes_a_while_is_told(folder, monkeypatch):
    monkeypatch.setattr(module, "_SILENT_SECONDS", 0.0)
    said = []
    provider = TransformersProvider(str(folder))
    await provider.aopen(Host(say=said.append))
    await provider.aclose()
    assert said == [f"loading {folder} …"]


async def test_what_the_checkpoint_says_about_sampling_is_ignored(folder, tiny, tmp_path):
    other = tmp_path / "tuned"
    shutil.copytree(folder, other)
    file = other / "generation_config.json"
    tuned = {"do_sample": True, "temperature": 5.0, "repetition_penalty": 9.0, "max_length": 12}
    file.write_text(json.dumps(json.loads(file.read_text()) | tuned))
    request = say("Say something.", max_tokens=24)
    provider = TransformersProvider(str(other))
    assert [await provider.complete(request)] == await ask(tiny, request)
    await provider.aclose()


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("/nowhere/at/all", {}, "there is no folder '/nowhere/at/all'"),
        ("{}", {"gguf": "x.gguf"}, "there is no file 'x.gguf'"),
        ("{}", {"device": "abacus"}, "device=auto"),
        (str(Path(__file__).parent), {}, "name a folder"),
    ],
)
async def test_what_cannot_be_loaded_is_told_in_one_line(folder, model, options, words):
    provider = TransformersProvider(model.format(folder), **options)
    with pytest.raises(InputError) as caught:
        await provider.aopen(Host())
    await provider.aclose()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_model_without_a_chat_template_is_refused(folder, tmp_path):
    other = tmp_path / "base"
    shutil.copytree(folder, other)
    (other / "chat_template.jinja").unlink()
    provider = TransformersProvider(str(other))
    with pytest.raises(InputError, match="no chat template"):
        await provider.aopen(Host())
    await provider.aclose()


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"max_tokens": 0}, {"dtype": "float7"}, {"model": ""}]
)
def test_options_that_make_no_sense_are_refused_at_once(options):
    with pytest.raises(InputError):
        TransformersProvider(**{"model": "owner/name", **options})


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "accelerate" else name)
    with pytest.raises(InputError, match=r'need accelerate: pip install "ludometer\[local\]"'):
        TransformersProvider("owner/name")


def test_making_a_provider_imports_no_engine():
    code = (
        "import sys; from harness.providers.transformers import TransformersProvider as Provider;"
        "print(Provider('owner/name').options); assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'batch_size': 8" in done.stdout


def test_an_engine_that_is_there_is_reused_and_an_interrupted_one_leaves_nothing(
    folder, tmp_path, monkeypatch
):
    before = (folder / "config.json").stat().st_mtime_ns
    assert engines.tiny_idefics3(folder) == folder
    assert (folder / "config.json").stat().st_mtime_ns == before

    def stops(made):
        made.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(engines, "_write_idefics3", stops)
    with pytest.raises(KeyboardInterrupt):
        engines.tiny_idefics3(tmp_path / "made" / "idefics3")
    assert list((tmp_path / "made").iterdir()) == []


@pytest.mark.slow
async def test_a_converted_folder_answers_like_its_gguf_file(smollm2, tmp_path):
    converted = engines.smollm2(tmp_path / "smollm2")
    requests = [say(text, max_tokens=16) for text in SENTENCES]
    provider = TransformersProvider(str(converted))
    assert [await provider.complete(request) for request in requests] == await alone(smollm2, requests)
    await provider.aclose()
