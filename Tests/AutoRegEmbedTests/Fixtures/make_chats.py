"""Makes chats.json beside this file: what transformers renders from chat templates, and what it generates.

    templates    templates in the manner of the common families, with what each renders for one message
                 of a user (`{query}`) whose answer is asked for, thinking off; `rendered` is null for
                 those that vdb must not recognize
    answers      greedy answers of base/ in float32, for each chat format and query

usage: make_chats.py     (torch, transformers and tokenizers from PyPI)
"""

import json
import os

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM
from transformers.utils.chat_template_utils import _compile_jinja_template

HERE = os.path.dirname(os.path.abspath(__file__))

CHATML_LOOP = """{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] \
+ '<|im_end|>' + '\\n' }}{% endfor %}"""
CHATML_END = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
DATED = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools %}
    {{- "Environment: tools\\n" }}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

KNOWN = {
    "chatml": CHATML_LOOP + CHATML_END,
    "chatml, a user's turn of its own": """{{ bos_token }}
{%- for message in messages %}
    {%- if message['role'] == 'user' %}
        {{- '<|im_start|>user\\n' + message['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>assistant\\n' }}
        {{- message.content.lstrip() }}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}""",
    "chatml, a system message of its own, literal lines": """{% for message in messages %}\
{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a machine that answers.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}""",
    "chatml, tools": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are a "tool" user, it\\'s said.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n{\\"name\\": }}\\n<|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are a machine. You help.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{#- A comment with {{ 'a tag' }} in it. #}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "qwen3": """{%- for message in messages %}
    {%- set content = message.content %}
    {%- if message.role == "assistant" %}
        {{- '<|im_start|>' + message.role + '\\n<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' + content }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "llama 3": """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = \
'<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' %}\
{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}""",
    "llama 3, with dates": DATED,
    "mistral, two spaces": """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}\
{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}\
{{ message['content'] + eos_token}}{% endif %}{% endfor %}""",
    "mistral, one space": """{{- bos_token }}
{%- for message in messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- endif %}
{%- endfor %}""",
    "mistral, no space": """{{- bos_token }}{%- for message in messages %}\
{{- "[INST]" + message["content"] + "[/INST]" }}{%- endfor %}""",
    "llama 2": """{% for message in messages %}{% if message['role'] == 'user' %}\
{{ bos_token + '[INST] ' + message['content'].strip() + ' [/INST]' }}{% else %}\
{{ ' ' + message['content'].strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
    "gemma": """{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'assistant') %}\
{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}""",
    "gemma, in parts": """{{ bos_token }}
{%- set first_user_prefix = "" -%}
{%- for message in messages -%}
    {%- set role = message['role'] -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {{ message['content'] | trim }}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\\n'}}
{%- endif -%}
""".replace("}}\n    {{", "}}{{"),
}

UNKNOWN = {
    "another family": """{% for message in messages %}{{ '<|user|>\\n' + message['content'] + eos_token }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}""",
    "chatml that always thinks": CHATML_LOOP
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}",
    "chatml that always thinks, in its own tag": CHATML_LOOP
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{{ '<think>\\n' }}{% endif %}",
    "chatml with the date": "{{ '<|im_start|>system\\nIt is ' + strftime_now('%Y') + '<|im_end|>\\n' }}"
    + CHATML_LOOP + CHATML_END,
    "chatml with two system messages": "{% if tools %}{{ '<|im_start|>system\\nOne.<|im_end|>\\n' }}{% else %}"
    "{{ '<|im_start|>system\\nTwo.<|im_end|>\\n' }}{% endif %}" + CHATML_LOOP + CHATML_END,
    "chatml with a system message in parts": "{{ '<|im_start|>system\\n' }}{% if tools %}{{ 'Use tools. ' }}{% endif %}"
    "{{ 'Be brief.<|im_end|>\\n' }}" + CHATML_LOOP + CHATML_END,
    "llama 3 with a system message in one part": "{{ bos_token + '<|start_header_id|>system<|end_header_id|>\\n\\nBe "
    "brief.<|eot_id|>' }}" + DATED[DATED.index("{%- for message"):],
    "llama 3 with another system message": DATED.replace("Cutting Knowledge", "Knowledge"),
    "mistral with a system message": "{% set default_system_message = 'Be brief.' %}{{ bos_token }}"
    "{{ '[SYSTEM_PROMPT]' + default_system_message + '[/SYSTEM_PROMPT]' }}{% for message in messages %}"
    "{{ '[INST]' + message['content'] + '[/INST]' }}{% endfor %}",
    "an open tag": "{% for message in messages %}{{ '<|im_start|>",
    "nothing": "",
}


def rendered(template):
    return _compile_jinja_template(template).render(
        messages=[{"role": "user", "content": "{query}"}], add_generation_prompt=True, enable_thinking=False,
        bos_token="{bos}", eos_token="{eos}", tools=None)


CHATS = ["{bos}{query}\n", "{bos}</s>Q: {query}\nA:", "{query}</s>{bos}"]
QUERIES = ["what is lift?", "  a <s> in a query is </s> characters \n", "naïve café — 日本語", "", "x" * 60]


def answers():
    folder = os.path.join(HERE, "base")
    tokens = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokens.encode_special_tokens = True
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    bos, eos = tokens.token_to_id("<s>"), tokens.token_to_id("</s>")

    def prompt(chat, query):
        ids = []
        for part in [p for mark in chat.split("{bos}") for p in ("{bos}", mark)][1:]:
            for place, text in enumerate(part.split("</s>")):
                ids += [eos] if place else []
                if text == "{bos}":
                    ids.append(bos)
                elif "{query}" in text:
                    ids += tokens.encode(text.replace("{query}", query.strip()), add_special_tokens=False).ids[:40]
                else:
                    ids += tokens.encode(text, add_special_tokens=False).ids
        return ids

    rows = []
    for chat in CHATS:
        for query in QUERIES:
            ids = prompt(chat, query)
            with torch.no_grad():
                out = model.generate(
                    torch.tensor([ids]), max_new_tokens=24, do_sample=False, eos_token_id=eos, pad_token_id=eos,
                    output_scores=True, return_dict_in_generate=True)
            new = out.sequences[0, len(ids):].tolist()
            gap = min(float(s[0].topk(2).values.diff().abs()) for s in out.scores)
            ended = new[-1:] == [eos]
            new = new[:-1] if ended else new
            rows.append(dict(
                chat=chat, query=query, prompt=ids, tokens=new, finished=ended, gap=gap,
                answer=tokens.decode(new, skip_special_tokens=True).strip()))
    return rows


with open(os.path.join(HERE, "chats.json"), "w", encoding="utf-8") as file:
    templates = [dict(name=n, template=t, rendered=rendered(t)) for n, t in KNOWN.items()]
    templates += [dict(name=n, template=t, rendered=None) for n, t in UNKNOWN.items()]
    json.dump(dict(templates=templates, answers=answers()), file, ensure_ascii=False, indent=1)
    file.write("\n")
