"""The models that a project names for its long-term memory."""

import sys
from pathlib import Path

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from moorage.engine.embeddings import load_embeddings
from moorage.errors import Misconfigured
from moorage.importing import ObjectReference

pytestmark = pytest.mark.anyio

FILE = """
import asyncio
from langchain_core.embeddings import DeterministicFakeEmbedding

def counts(texts):
    return [[float(len(text))] for text in texts]

async def counts_later(texts):
    await asyncio.sleep(0)
    return counts(texts)

model = DeterministicFakeEmbedding(size=2)
number = 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "embedding.py").write_text(FILE)
    (tmp_path / "broken.py").write_text("def f(texts):\n    return texts\n\n1 / 0\n")
    return tmp_path


def named(folder: Path, name: str, file: str = "embedding.py") -> Embeddings:
    return load_embeddings(ObjectReference(folder / file, name, f"./{file}:{name}"))


@pytest.mark.parametrize("name", ["counts", "counts_later"])
async def test_a_function_of_the_project(folder: Path, name: str):
    assert await named(folder, name).aembed_documents(["a", "abc"]) == [[1.0], [3.0]]


async def test_a_model_of_the_project(folder: Path):
    wanted = DeterministicFakeEmbedding(size=2).embed_documents(["a"])
    assert await named(folder, "model").aembed_documents(["a"]) == wanted


def test_a_model_by_its_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "not asked for before it is used")
    found = load_embeddings("openai:text-embedding-3-small")
    assert type(found).__name__ == "OpenAIEmbeddings"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nobody:model", r"store\.index\.embed: nobody:model cannot be used: .*'nobody'"),
        ("cohere:model", r"store\.index\.embed: cohere:model .*`pip install langchain-cohere`"),
        ("openai:model", r"store\.index\.embed: openai:model .*OPENAI_API_KEY"),
    ],
)
def test_what_a_name_lacks(monkeypatch: pytest.MonkeyPatch, name: str, message: str):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(Misconfigured, match=message):
        load_embeddings(name)


def test_a_name_needs_langchain(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "langchain.embeddings", None)
    with pytest.raises(Misconfigured, match=r"needs LangChain .* pip install langchain"):
        load_embeddings("openai:text-embedding-3-small")


@pytest.mark.parametrize(
    ("file", "name", "message"),
    [
        ("embedding.py", "nothing", r"store\.index\.embed: \./embedding\.py:nothing: .* nothing"),
        ("embedding.py", "number", "is of type int; make it a function"),
        ("broken.py", "f", r"(?s)cannot be imported.*line 4.*ZeroDivisionError"),
    ],
)
def test_what_a_project_lacks(folder: Path, file: str, name: str, message: str):
    with pytest.raises(Misconfigured, match=message):
        named(folder, name, file)
