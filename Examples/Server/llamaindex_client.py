"""Searches a few texts with LlamaIndex and a running `vdb serve`.

    pip install llama-index-embeddings-openai-like
    python llamaindex_client.py [http://127.0.0.1:7373]
"""
import sys

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from openai import OpenAI
from pydantic import PrivateAttr


class VDBEmbedding(BaseEmbedding):
    """Documents and queries are encoded differently."""

    _documents: OpenAILikeEmbedding = PrivateAttr()
    _queries: OpenAILikeEmbedding = PrivateAttr()

    def __init__(self, server):
        super().__init__()
        model = OpenAI(base_url=server + "/v1", api_key="none").models.list().data[0].id

        def encoder(form):
            return OpenAILikeEmbedding(
                model_name=f"{model}:{form}", api_base=server + "/v1", api_key="none")

        self._documents, self._queries = encoder("document"), encoder("query")

    def _get_text_embedding(self, text):
        return self._documents.get_text_embedding(text)

    def _get_text_embeddings(self, texts):
        return self._documents.get_text_embedding_batch(texts)

    def _get_query_embedding(self, query):
        return self._queries.get_query_embedding(query)

    async def _aget_query_embedding(self, query):
        return await self._queries.aget_query_embedding(query)


server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7373"
index = VectorStoreIndex.from_documents([Document(text=text) for text in [
    "The moon pulls the oceans into two bulges.",
    "Yeast breathes out the gas that raises dough.",
    "Bramleys keep until spring if they do not touch each other.",
]], embed_model=VDBEmbedding(server))
for found in index.as_retriever(similarity_top_k=1).retrieve("how long do apples keep?"):
    print(found.text)
