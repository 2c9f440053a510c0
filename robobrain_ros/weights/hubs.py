# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What differs between Hugging Face and ModelScope: addresses, tokens, listings, and what their refusals mean.

Both are reached by the variables of their own clients: ``HF_ENDPOINT``, ``HF_TOKEN``, ``HF_HUB_OFFLINE``,
``MODELSCOPE_ENDPOINT``, ``MODELSCOPE_DOMAIN`` and ``MODELSCOPE_API_TOKEN``. Nothing here goes online.
"""

import difflib
import ipaddress
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from robobrain_ros.errors import BadRequest
from robobrain_ros.weights.folder import quoted
from robobrain_ros.weights.listing import Listing, listing
from robobrain_ros.weights.manifest import HUBS, REPO, REVISION

DEFAULT_REPO = 'FlagRelease/RoboBrain2.5-8B-FlagOS'
"""On both hubs; the release that FlagOS's card downloads."""
KNOWN = (DEFAULT_REPO, 'BAAI/RoboBrain2.5-8B-NV', 'BAAI/RoboBrain2.0-7B', 'BAAI/RoboBrain2.0-3B')
"""Repositories that a misspelt name is compared with."""
MOST_FILES_OF_MODELSCOPE = 3000
"""Files in its listings, which are cut off there without a word."""


class Hub(ABC):
    """A hub as its variables describe it.

    :param environment: the process's variables
    :raises BadRequest: if one of them cannot be used, or says that the hub must not be asked
    """

    key: str
    """Its name in commands."""
    default_revision: str
    address = ''
    token_variable = mirror_variable = ''

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.name = HUBS[self.key]
        self.endpoint = self._endpoint(environment)
        self.token = self._token(environment).strip()
        host = urlsplit(self.endpoint)
        self.host = host.hostname or ''
        """The endpoint without scheme and credentials, for messages."""
        if self.token and host.scheme == 'http' and not _is_this_machine(self.host):
            raise BadRequest(
                f'{self.token_variable} would travel unencrypted to http://{self.host}: use https, or unset the token'
            )

    @abstractmethod
    def listing_url(self, repo: str, revision: str) -> str:
        """Return the address of the list of files."""

    @abstractmethod
    def read(self, repo: str, revision: str, answer: dict[str, Any]) -> Listing:
        """Read the list of files; see ``listing`` for what is refused.

        :param answer: the JSON that came from ``listing_url``
        """

    @abstractmethod
    def headers(self) -> dict[str, str]:
        """Return the headers that carry the token, for the endpoint's own host only."""

    def page(self, repo: str) -> str:
        """Return the address of a repository's page, for people."""
        return f'{self.address}/{repo}'

    def revision(self, wanted: str) -> str:
        """Check a revision; the hub's default where none is wanted.

        :raises BadRequest: if it cannot be one
        """
        revision = wanted or self.default_revision
        if not REVISION.fullmatch(revision) or '..' in revision:
            raise BadRequest(f'revision {revision!r} must be a branch, tag or commit, such as {self.default_revision}')
        return revision

    def refusal(self, status: int, code: str, repo: str, revision: str) -> str:
        """Explain why the hub gives nothing, and what helps.

        :param status: of HTTP, 400 to 499
        :param code: the hub's own word for it
        """
        if code == 'RevisionNotFound':
            return f'{repo} has no revision {revision!r} on {self.name}; the usual one is {self.default_revision!r}'
        if code == 'GatedRepo' or (status in (401, 403) and code != 'RepoNotFound'):
            if self.token:
                return (
                    f'{self.name} does not give {repo} to the account of the token in {self.token_variable} '
                    f'(HTTP {status}): accept the conditions on {self.page(repo)} as that account, wait where they '
                    'are granted by hand, or renew a token that has expired'
                )
            return (
                f'{repo} is only for accounts that accepted its conditions (HTTP {status}): accept them on '
                f'{self.page(repo)}, then set {self.token_variable} to a token of that account'
            )
        if status in (401, 404):
            with_revision = '' if revision == self.default_revision else f' with the revision {revision!r}'
            private = '' if self.token else f', or it is private and needs {self.token_variable}'
            return (
                f'there is no repository {repo!r}{with_revision} on {self.name} ({self.host}){private}{_nearest(repo)}'
            )
        return f'{self.name} ({self.host}) refuses {repo} with HTTP {status}'

    @abstractmethod
    def _endpoint(self, environment: Mapping[str, str]) -> str: ...

    @abstractmethod
    def _token(self, environment: Mapping[str, str]) -> str: ...


class HuggingFace(Hub):
    """The hub of huggingface.co, or a mirror of it."""

    key, default_revision = 'huggingface', 'main'
    address, token_variable, mirror_variable = 'https://huggingface.co', 'HF_TOKEN', 'HF_ENDPOINT'

    def __init__(self, environment: Mapping[str, str]) -> None:
        for variable in ('HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'):
            if environment.get(variable, '').upper() in ('1', 'ON', 'YES', 'TRUE'):
                raise BadRequest(f'{variable} is set, so Hugging Face is not asked: unset it to download')
        super().__init__(environment)

    def listing_url(self, repo: str, revision: str) -> str:
        """Return the address of the description of a model at a revision, with sizes and digests."""
        return f'{self.endpoint}/api/models/{repo}/revision/{quote(revision, safe="")}?blobs=true'

    def read(self, repo: str, revision: str, answer: dict[str, Any]) -> Listing:
        """Read a model's description; files are then fetched at the commit that it names."""
        commit = answer.get('sha')
        commit = commit if isinstance(commit, str) and re.fullmatch('[0-9a-f]{40}', commit) else ''

        def fields(one: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
            lfs = one['lfs'] if isinstance(one.get('lfs'), dict) else {}
            git = '' if lfs else one.get('blobId')
            return one.get('rfilename'), lfs.get('size', one.get('size')), lfs.get('sha256'), git

        def url(name: str) -> str:
            return f'{self.endpoint}/{repo}/resolve/{quote(commit or revision, safe="")}/{quote(name)}'

        return listing(self.name, Listing(repo, revision, commit, ()), answer.get('siblings'), fields, url)

    def headers(self) -> dict[str, str]:
        """Return the bearer token; httpx leaves it out when it is redirected to another host."""
        return {'Authorization': f'Bearer {self.token}'} if self.token else {}

    def _endpoint(self, environment: Mapping[str, str]) -> str:
        return _address('HF_ENDPOINT', environment.get('HF_ENDPOINT') or self.address)

    def _token(self, environment: Mapping[str, str]) -> str:
        if token := environment.get('HF_TOKEN') or environment.get('HUGGING_FACE_HUB_TOKEN'):
            return token
        home = Path(environment.get('HF_HOME') or '~/.cache/huggingface')
        saved = Path(environment.get('HF_TOKEN_PATH') or home / 'token').expanduser()  # by `hf auth login`
        try:
            return saved.read_text()[:1000]
        except (OSError, ValueError):
            return ''


class ModelScope(Hub):
    """The hub of modelscope.cn, or its international site."""

    key, default_revision = 'modelscope', 'master'
    address, token_variable = 'https://www.modelscope.cn', 'MODELSCOPE_API_TOKEN'
    mirror_variable = 'MODELSCOPE_ENDPOINT'

    def page(self, repo: str) -> str:
        """Return the address of a model's page; the international site has accounts of its own."""
        site = self.endpoint if self.host.endswith('modelscope.ai') else self.address
        return f'{site}/models/{repo}'

    def listing_url(self, repo: str, revision: str) -> str:
        """Return the address of the list of all files."""
        return f'{self._models(repo)}/repo/files?{urlencode({"Revision": revision, "Recursive": "True"})}'

    def read(self, repo: str, revision: str, answer: dict[str, Any]) -> Listing:
        """Read the list of files; it names no commit of the whole."""
        if answer.get('Code') not in (200, '200', None):
            raise BadRequest(
                f'ModelScope does not list {repo}: {quoted(answer.get("Message"), 200)} ({quoted(answer["Code"])})'
            )
        data = answer.get('Data')
        entries = data.get('Files') if isinstance(data, dict) else None
        if isinstance(entries, list):
            if len(entries) >= MOST_FILES_OF_MODELSCOPE:
                raise BadRequest(f'{repo} has so many files that ModelScope does not list them all: it is no model')
            entries = [one for one in entries if not (isinstance(one, dict) and one.get('Type') == 'tree')]

        def fields(one: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
            return one.get('Path'), one.get('Size'), one.get('Sha256'), ''

        def url(name: str) -> str:
            return f'{self._models(repo)}/repo?{urlencode({"Revision": revision, "FilePath": name})}'

        return listing(self.name, Listing(repo, revision, '', ()), entries, fields, url)

    def headers(self) -> dict[str, str]:
        """Return the token as a session, as ModelScope's own client sends it; httpx leaves both out on redirection."""
        if not self.token:
            return {}
        return {'Authorization': f'Bearer {self.token}', 'Cookie': f'm_session_id={self.token}'}

    def _models(self, repo: str) -> str:
        return f'{self.endpoint}/api/v1/models/{repo}'

    def _endpoint(self, environment: Mapping[str, str]) -> str:
        for variable in ('MODELSCOPE_ENDPOINT', 'MODELSCOPE_DOMAIN'):
            if value := environment.get(variable, '').strip():
                return _address(variable, value if '://' in value else f'https://{value}')
        return self.address

    def _token(self, environment: Mapping[str, str]) -> str:
        return environment.get('MODELSCOPE_API_TOKEN', '')


def hub(key: str, environment: Mapping[str, str]) -> Hub:
    """Make the hub of a name in ``HUBS``.

    :raises BadRequest: if variables say something that cannot be used
    """
    return HuggingFace(environment) if key == HuggingFace.key else ModelScope(environment)


def checked_repo(repo: str) -> str:
    """Return a repository's name if it can be one.

    :raises BadRequest: if not
    """
    if not REPO.fullmatch(repo) or '..' in repo:
        raise BadRequest(f'{repo!r} is no repository: name it OWNER/NAME, such as {DEFAULT_REPO}')
    return repo


def _address(variable: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ('http', 'https') and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not value.isprintable():
        shown = re.sub('//[^/]*@', '//', value)  # without credentials
        raise BadRequest(f'{variable} is {shown!r}, but must be an address such as https://mirror.example')
    return value.rstrip('/')


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def _nearest(repo: str) -> str:
    """Suggest known names; the upper and lower case of letters matters to the hubs, and not here."""
    by_lower = {name.lower(): name for name in KNOWN if name != repo}
    by_lower |= {name.lower().split('/')[1]: name for name in KNOWN if name != repo}
    wanted = [repo.lower(), repo.lower().split('/')[1]]
    close = [by_lower[found] for word in wanted for found in difflib.get_close_matches(word, by_lower, 2, 0.5)]
    names = list(dict.fromkeys(close))[:2] or [DEFAULT_REPO]
    return f'; did you mean {" or ".join(names)}?'
