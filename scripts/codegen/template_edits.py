"""What is changed in the generator's templates before they are used, and why.

Each edit replaces a text that must occur exactly as often as it says: when a newer generator moves what an edit is
about, the build stops and names the edit. They are made in this order. The models then read a reply by these rules:

1. What has to be built (a moment, an enum member, an object, a list) and cannot be is UNSET, and stays as it came
   under its name in `additional_properties`, from where `to_dict` writes it again.
2. A null that the contract does not know is as absent, where something would have to be built of it.
3. An item of a list that cannot be built is left out; the others are kept.
4. Other values are taken as they come.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A replacement of `old` by `new` in a template, which must hold `old` exactly `count` times."""

    name: str
    file: str
    old: str
    new: str
    reason: str
    count: int = 1


EDITS = (
    Edit(
        name="open enum",
        file="str_enum.py.jinja",
        old="(StrEnum):",
        new="(OpenEnum):",
        reason="A value that the service adds raised ValueError, and a whole list was lost for it.",
    ),
    Edit(
        name="open enum, import",
        file="str_enum.py.jinja",
        old="from enum import StrEnum\n",
        new="from ..tolerant import OpenEnum\n",
        reason="For the edit before.",
    ),
    Edit(
        name="moments",
        file="property_templates/datetime_property.py.jinja",
        old="datetime.datetime.fromisoformat({{ source }})",
        new="parse_datetime({{ source }})",
        reason="Moments without a zone stayed naive, and forms outside ISO 8601 failed.",
    ),
    Edit(
        name="moments, import in models",
        file="model.py.jinja",
        old="from ..types import UNSET, Unset\n",
        new="from ..tolerant import parse_datetime\nfrom ..types import UNSET, Unset\n",
        reason="For the edit before; the formatter takes out what is not used.",
    ),
    Edit(
        name="moments, import in endpoints",
        file="endpoint_module.py.jinja",
        old="from ...types import Response, UNSET\n",
        new="from ...tolerant import parse_datetime\nfrom ...types import Response, UNSET\n",
        reason="The same, for a reply that is itself a moment.",
    ),
    Edit(
        name="optional null",
        file="property_templates/property_macros.py.jinja",
        old="if isinstance(_{{ property.python_name }},  Unset):",
        new="if _{{ property.python_name }} is None or isinstance(_{{ property.python_name }}, Unset):",
        reason="Rule 2: null made the whole reply fail.",
    ),
    Edit(
        name="optional value that does not fit",
        file="property_templates/property_macros.py.jinja",
        old='    {{ property.python_name }} = {{ construct_function(property, "_" + property.python_name) }}\n',
        new="""    try:
        {{ property.python_name }} = {{ construct_function(property, "_" + property.python_name) }}
    except (TypeError, ValueError, AttributeError, KeyError):
        d["{{ property.name | in_double_quote_literal }}"] = _{{ property.python_name }}
        {{ property.python_name }} = UNSET
""",
        reason="Rule 1: another JSON type in one field made the whole reply fail.",
    ),
    Edit(
        name="optional list that does not fit",
        file="property_templates/list_property.py.jinja",
        old="if _{{ property.python_name }} is not UNSET:\n",
        new="""{% set raw = "_" + property.python_name %}
if {{ raw }} is not None and not isinstance({{ raw }}, (list, Unset)):
    d["{{ property.name | in_double_quote_literal }}"] = {{ raw }}
elif isinstance({{ raw }}, list):
""",
        reason="Rules 1 and 2, for a list.",
    ),
    Edit(
        name="item of an optional list that does not fit",
        file="property_templates/list_property.py.jinja",
        old="        {{ inner_template.construct(inner_property, inner_source) | indent(8) }}\n",
        new="""        try:
            {{ inner_template.construct(inner_property, inner_source) | indent(12) }}
        except (TypeError, ValueError, AttributeError, KeyError):
            continue
""",
        reason="Rule 3.",
    ),
    Edit(
        name="item of a list that does not fit",
        file="property_templates/list_property.py.jinja",
        old="    {{ inner_template.construct(inner_property, inner_source) | indent(4) }}\n",
        new="""    try:
        {{ inner_template.construct(inner_property, inner_source) | indent(8) }}
    except (TypeError, ValueError, AttributeError, KeyError):
        continue
""",
        reason="Rule 3, where the list is required.",
    ),
    Edit(
        name="union: null is no catch-all",
        file="property_templates/union_property.py.jinja",
        old="{% set ns.contains_unmodified_properties = true %}",
        new="{% set ns.contains_unmodified_properties ="
        ' ns.contains_unmodified_properties or inner_property.get_base_type_string() != PythonCode("None") %}',
        reason="Rule 1: a nullable field took what could not be built as it came, against its declared type.",
    ),
    Edit(
        name="union: each kind is tried",
        file="property_templates/union_property.py.jinja",
        old="check_type_for_construct and (not loop.last or ns.contains_unmodified_properties) %}",
        new="check_type_for_construct %}",
        reason="Rule 1: the last kind of a union raised where it did not fit.",
    ),
    Edit(
        name="union: value that does not fit",
        file="property_templates/union_property.py.jinja",
        old="""    return cast({{ property.get_type_string() | as_unembedded_code }}, data)
    {% endif %}
""",
        new="""    return cast({{ property.get_type_string() | as_unembedded_code }}, data)
    {% elif not property.required %}
    d["{{ property.name | in_double_quote_literal }}"] = data
    return UNSET
    {% elif PythonCode("None") in property.get_type_strings_in_union(json=True) %}
    return None
    {% else %}
    raise TypeError()
    {% endif %}
""",
        reason="Rule 1, for a union; in a reply that may itself be null, what does not fit is as null.",
    ),
    Edit(
        name="only an object is an object",
        file="model.py.jinja",
        old="        d = dict(src_dict)\n",
        new="""        if not isinstance(src_dict, Mapping):
            raise TypeError("not a JSON object")
        d = dict(src_dict)
""",
        reason="Rule 1: a list of pairs, or an empty one, was read as an object.",
    ),
    Edit(
        name="copies of unset",
        file="types.py.jinja",
        old="    def __bool__(self) -> Literal[False]:\n        return False\n",
        new="""    def __bool__(self) -> Literal[False]:
        return False

    def __reduce__(self) -> str:
        return "UNSET"
""",
        reason="A copied or unpickled model held another UNSET, which `to_dict` then wrote out.",
    ),
    Edit(
        name="any status",
        file="endpoint_module.py.jinja",
        old="HTTPStatus(response.status_code)",
        new="response.status_code",
        reason="A status outside the standard, such as 520 of what stands before the service, raised ValueError.",
    ),
    Edit(
        name="any status, type",
        file="types.py.jinja",
        old="    status_code: HTTPStatus\n",
        new="    status_code: int\n",
        reason="For the edit before.",
    ),
    Edit(
        name="boundary of a form",
        file="endpoint_module.py.jinja",
        old='headers["Content-Type"] = "multipart/form-data; boundary=+++"\n',
        new="# httpx sets the type, with a boundary of its own choice that no content can foresee.\n",
        count=2,
        reason="The boundary was fixed, so that a file could hold it and add parts of its own to the form.",
    ),
    Edit(
        name="key in a repr",
        file="client.py.jinja",
        old='"token": namespace(type="str", default="",',
        new='"token": namespace(type="str", default="field(repr=False)",',
        reason="The repr of a client showed the key.",
    ),
    Edit(
        name="key in a repr, headers",
        file="client.py.jinja",
        old='_headers: dict[str, str] = field(factory=dict, kw_only=True, alias="headers")',
        new='_headers: dict[str, str] = field(factory=dict, kw_only=True, repr=False, alias="headers")',
        reason="The key is put among the headers at the first request, and the repr showed them.",
    ),
    Edit(
        name="models on first use",
        file="models_init.py.jinja",
        old="""
{% for import in imports | sort %}
{{ import }}
{% endfor %}

{% if imports %}
""",
        new="""
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
{% for import in imports | sort %}
    {{ import }}
{% endfor %}

_MODULES = {
{% for import in imports | sort %}
    "{{ import.split()[3] }}": "{{ import.split()[1] }}",
{% endfor %}
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
        return value

{% if imports %}
""",
        reason="Whoever needs one model paid for all: making their classes took 20 ms of 0.1 s to a first request.",
    ),
    Edit(
        name="client on first use",
        file="package_init.py.jinja",
        old="from .client import AuthenticatedClient, Client\n",
        new="""from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import AuthenticatedClient, Client
else:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import client

        return getattr(client, name)
""",
        reason="The requests of an endpoint can be built without the client, which imports httpx.",
    ),
    Edit(
        name="endpoints without their client",
        file="endpoint_module.py.jinja",
        old="""from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
""",
        new="""from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

""",
        reason="The same: an endpoint names them in annotations only.",
    ),
    Edit(
        name="endpoints without the models of replies",
        file="endpoint_module.py.jinja",
        old="""{% for relative in endpoint.relative_imports | sort %}
{{ relative }}
{% endfor %}
""",
        new="""{% for relative in endpoint.relative_imports | sort if "...models." not in relative %}
{{ relative }}
{% endfor %}

if TYPE_CHECKING:
    import httpx
    from ...client import AuthenticatedClient, Client
{% for relative in endpoint.relative_imports | sort if "...models." in relative %}
    {{ relative }}
{% endfor %}
""",
        reason="The same for models: they are imported where they are built, as far as they are.",
    ),
    Edit(
        name="models of a request, where they are needed",
        file="endpoint_module.py.jinja",
        old=") -> dict[str, Any]:\n",
        new=""") -> dict[str, Any]:
    {% for relative in endpoint.relative_imports | sort if "...models." in relative %}
    {{ relative }}
    {% endfor %}

""",
        reason="For the edit before.",
    ),
    Edit(
        name="models of a reply, where they are needed",
        file="endpoint_module.py.jinja",
        old="response: httpx.Response) -> {{return_type}}:\n",
        new="""response: httpx.Response) -> {{return_type}}:
    {% for relative in endpoint.relative_imports | sort if "...models." in relative %}
    {{ relative }}
    {% endfor %}

""",
        reason="For the edit before.",
    ),
)
