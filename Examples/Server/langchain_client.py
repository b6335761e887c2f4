"""Searches a few texts with LangChain and a running `vdb serve`.

    pip install langchain-openai numpy
    python langchain_client.py [http://127.0.0.1:7373]
"""
import sys

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import OpenAIEmbeddings
from openai import OpenAI


class VDBEmbeddings(Embeddings):
    """Documents and queries are encoded differently."""

    def __init__(self, server):
        model = OpenAI(base_url=server + "/v1", api_key="none").models.list().data[0].id

        def encoder(form):
            # Texts are sent as they are, not as the token ids of another model.
            return OpenAIEmbeddings(
                model=f"{model}:{form}", base_url=server + "/v1", api_key="none",
                check_embedding_ctx_length=False)

        self.documents, self.queries = encoder("document"), encoder("query")

    def embed_documents(self, texts):
        return self.documents.embed_documents(texts)

    def embed_query(self, text):
        return self.queries.embed_query(text)


server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7373"
store = InMemoryVectorStore.from_texts([
    "The moon pulls the oceans into two bulges.",
    "Yeast breathes out the gas that raises dough.",
    "Bramleys keep until spring if they do not touch each other.",
], VDBEmbeddings(server))
for document in store.similarity_search("how long do apples keep?", k=1):
    print(document.page_content)
