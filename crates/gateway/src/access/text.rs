//! The lines themselves. Strings of Python, JavaScript and YAML are written as JSON's, which all three read alike.

use std::borrow::Cow;

use serde_json::Value;

use super::Access;

fn quoted(text: &str) -> Value {
    Value::from(text)
}

fn shell(text: &str) -> Cow<'_, str> {
    shell_words::quote(text)
}

/// The base URL, the token and the model, as string literals.
fn literals(access: &Access, model: &str) -> [Value; 3] {
    [&access.base_url, &access.token, model].map(quoted)
}

pub(super) fn python_client(access: &Access) -> String {
    let [base_url, token] = [&access.base_url, &access.token].map(|text| quoted(text));
    format!("from openai import OpenAI\nclient = OpenAI(base_url={base_url}, api_key={token})")
}

pub(super) fn python(access: &Access, model: &str) -> String {
    let (client, model) = (python_client(access), quoted(model));
    format!(
        r#"{client}
answer = client.chat.completions.create(
    model={model},
    messages=[{{"role": "user", "content": "Say pong"}}],
)
print(answer.choices[0].message.content)"#
    )
}

pub(super) fn notebook(access: &Access, model: &str) -> String {
    let (client, model) = (python_client(access), quoted(model));
    format!(
        r#"%pip install --quiet openai
{client}
stream = client.chat.completions.create(
    model={model},
    messages=[{{"role": "user", "content": "Say pong"}}],
    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="")"#
    )
}

pub(super) fn node(access: &Access, model: &str) -> String {
    let [base_url, token, model] = literals(access, model);
    format!(
        r#"import OpenAI from "openai";

const client = new OpenAI({{ baseURL: {base_url}, apiKey: {token} }});
const answer = await client.chat.completions.create({{
  model: {model},
  messages: [{{ role: "user", content: "Say pong" }}],
}});
console.log(answer.choices[0].message.content);"#
    )
}

pub(super) fn curl(access: &Access, model: &str) -> String {
    let body = serde_json::json!({
        "model": model,
        "messages": [{"role": "user", "content": "Say pong"}],
    });
    let url = format!("{}/chat/completions", access.base_url);
    let authorization = format!("Authorization: Bearer {}", access.token);
    let (url, authorization, body) = (shell(&url), shell(&authorization), body.to_string());
    let body = shell(&body);
    format!("curl {url} \\\n  -H {authorization} \\\n  -H 'Content-Type: application/json' \\\n  -d {body}")
}

pub(super) fn environment(access: &Access) -> String {
    let (base_url, token) = (shell(&access.base_url), shell(&access.token));
    format!("export OPENAI_BASE_URL={base_url}\nexport OPENAI_API_KEY={token}")
}

pub(super) fn langchain(access: &Access, model: &str) -> String {
    let [base_url, token, model] = literals(access, model);
    format!(
        r#"from langchain_openai import ChatOpenAI

model = ChatOpenAI(base_url={base_url}, api_key={token}, model={model})
print(model.invoke("Say pong").content)"#
    )
}

pub(super) fn ai_sdk(access: &Access, model: &str) -> String {
    let [base_url, token, model] = literals(access, model);
    format!(
        r#"import {{ createOpenAICompatible }} from "@ai-sdk/openai-compatible";
import {{ generateText }} from "ai";

const codex = createOpenAICompatible({{
  name: "codex",
  baseURL: {base_url},
  apiKey: {token},
}});
const {{ text }} = await generateText({{ model: codex({model}), prompt: "Say pong" }});
console.log(text);"#
    )
}

pub(super) fn llama_index(access: &Access, model: &str) -> String {
    let [base_url, token, model] = literals(access, model);
    format!(
        r#"from llama_index.llms.openai_like import OpenAILike

llm = OpenAILike(
    api_base={base_url},
    api_key={token},
    model={model},
    is_chat_model=True,
    temperature=1.0,
)
print(llm.complete("Say pong"))"#
    )
}

pub(super) fn llm(access: &Access, model: &str) -> String {
    let [base_url, _, model] = literals(access, model);
    let token = shell(&access.token);
    format!(
        r#"llm keys set codex-gateway --value {token}
cat >> "$(dirname "$(llm logs path)")/extra-openai-models.yaml" <<'END'
- model_id: codex-gateway
  model_name: {model}
  api_base: {base_url}
  api_key_name: codex-gateway
END
llm -m codex-gateway 'Say pong'"#
    )
}

pub(super) fn aider(access: &Access, model: &str) -> String {
    let (base_url, token) = (shell(&access.base_url), shell(&access.token));
    let model = format!("openai/{model}");
    let model = shell(&model);
    format!("export OPENAI_API_BASE={base_url}\nexport OPENAI_API_KEY={token}\naider --model {model}")
}

pub(super) fn continue_config(access: &Access, model: &str) -> String {
    let [base_url, token, model] = literals(access, model);
    format!(
        r#"name: Codex Gateway
version: 0.0.1
schema: v1
models:
  - name: Codex
    provider: openai
    model: {model}
    apiBase: {base_url}
    apiKey: {token}"#
    )
}

pub(super) fn elsewhere(access: &Access, model: &str) -> String {
    let Access { base_url, token } = access;
    format!("Base URL: {base_url}\nAPI key: {token}\nModel: {model}")
}
