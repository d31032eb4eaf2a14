"""Says where pip would download the given wheels from, one JSON object a line.

Nothing is downloaded or installed. pip has no command for this: its own dry run fetches every
wheel. The user's pip configuration (index, proxy, certificates) applies, as in `pip download`,
whose options this takes. If these insides of pip have changed, this ends with an error and the
caller runs `pip download` itself.
"""

import json
import sys

from pip._internal.cli.cmdoptions import make_target_python
from pip._internal.commands import create_command
from pip._vendor.packaging.specifiers import SpecifierSet


def main(arguments):
    command = create_command("download")
    with command.main_context():
        options, requirements = command.parse_args(arguments)
        finder = command._build_package_finder(
            options=options,
            session=command.get_default_session(options),
            target_python=make_target_python(options),
            ignore_requires_python=True,
        )
        missing = 0
        for requirement in requirements:
            name, version = requirement.split("==")
            best = finder.find_best_candidate(name, SpecifierSet("==" + version)).best_candidate
            url = best.link.url_without_fragment if best else None
            print(json.dumps({"package": name, "url": url}), flush=True)
            missing = 0 if best else missing + 1
            if missing == 2:
                # The index is out of reach: do not wait for each of thirty packages.
                return


main(sys.argv[1:])
