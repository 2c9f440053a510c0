# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Puts the licence into the source files that lack it, in the shortest form that ament_copyright knows as Apache-2.0.

All other files are covered by REUSE.toml (https://reuse.software). Run it after adding files: ./run exec python
scripts/license_headers.py
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# REUSE-IgnoreStart
LINES = (
    'Copyright 2026 robobrain_ros contributors',
    'SPDX-License-Identifier: Apache-2.0',
    'Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with',  # noqa: E501
    'the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by',  # noqa: E501
    'applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,',  # noqa: E501
    'WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language',  # noqa: E501
    'governing permissions and limitations under the License.',
)
# REUSE-IgnoreEnd
COMMENTS = {'.py': '# ', '.cmake': '# ', '.sh': '# ', '.cpp': '// ', '.hpp': '// '}


def sources() -> list[Path]:
    """All files that git knows, or would add, and that ament_copyright looks into."""
    command = ['git', 'ls-files', '--cached', '--others', '--exclude-standard']
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    # once each: git lists a file of an unfinished merge several times
    names = [
        ROOT / name
        for name in dict.fromkeys(listed)
        if Path(name).suffix in COMMENTS or Path(name).name == 'CMakeLists.txt'
    ]
    return [path for path in names if path.is_file() and path.stat().st_size]


def lacking() -> list[Path]:
    """The files without the licence."""
    return [path for path in sources() if LINES[0] not in path.read_text(encoding='utf-8')[:400]]


def main() -> None:
    """Put the licence on top, behind a line that names the interpreter."""
    for path in lacking():
        comment = COMMENTS.get(path.suffix, '# ')
        header = ''.join(comment + line + '\n' for line in LINES)
        text = path.read_text(encoding='utf-8')
        first, rest = text.split('\n', 1) if text.startswith('#!') else ('', text)
        path.write_text(f'{first}\n{header}\n{rest}' if first else f'{header}\n{rest}', encoding='utf-8')
        print(path.relative_to(ROOT))


if __name__ == '__main__':
    main()
