"""The providers over HTTP pass the contract through their real SDKs, against the server that misbehaves."""

from harness.testing import HTTPProviderContract


class TestChat(HTTPProviderContract):
    plugin = "openai"


class TestChatByTool(HTTPProviderContract):
    plugin = "openai"
    options = {"constraint": "tool"}


class TestChatByVLLM(HTTPProviderContract):
    plugin = "openai"
    options = {"constraint": "vllm"}


class TestChatStreamed(HTTPProviderContract):
    plugin = "openai"
    options = {"stream": True}


class TestResponses(HTTPProviderContract):
    plugin = "openai"
    options = {"api": "responses"}


class TestResponsesStreamed(HTTPProviderContract):
    plugin = "openai"
    options = {"api": "responses", "stream": True}


class TestAnthropic(HTTPProviderContract):
    plugin = "anthropic"
    vendor = "anthropic"


class TestAnthropicByTool(HTTPProviderContract):
    plugin = "anthropic"
    vendor = "anthropic"
    options = {"constraint": "tool"}


class TestAnthropicStreamed(HTTPProviderContract):
    plugin = "anthropic"
    vendor = "anthropic"
    options = {"stream": True}


class TestGoogle(HTTPProviderContract):
    plugin = "google"
    vendor = "google"


class TestGoogleStreamed(HTTPProviderContract):
    plugin = "google"
    vendor = "google"
    options = {"stream": True}


class TestOpenRouter(HTTPProviderContract):
    plugin = "openrouter"


class TestTogether(HTTPProviderContract):
    plugin = "together"


class TestDeepSeek(HTTPProviderContract):
    plugin = "deepseek"


class TestXAI(HTTPProviderContract):
    plugin = "xai"


class TestMistral(HTTPProviderContract):
    plugin = "mistral"


class TestOllama(HTTPProviderContract):
    plugin = "ollama"


class TestLlamaCpp(HTTPProviderContract):
    plugin = "llamacpp"
