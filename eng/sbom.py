"""A bill of materials in CycloneDX 1.5: what the lock files of the four programs name, with the hash that NuGet checked, and the .NET runtime that is in the
single files. usage: sbom.py ROOT COMMIT RUNTIME"""
import base64
import json
import pathlib
import re
import sys

PROGRAMS = {"Aggregator": "secagg-station", "Party": "secagg-outpost", "Dashboard.Blazor": "secagg-dashboard", "Cli": "secagg"}


def main(root, commit, runtime):
    version = re.search(r"<Version>(.*?)</Version>", (root / "Directory.Build.props").read_text())[1]
    packages, uses = {}, {program: {"dotnet"} for program in PROGRAMS.values()}
    for room, program in PROGRAMS.items():
        locks = json.loads((root / "src" / room / "packages.lock.json").read_text())["dependencies"]
        for framework in locks.values():
            for name, entry in framework.items():
                if entry["type"] == "Project" or "contentHash" not in entry:
                    continue
                purl = f"pkg:nuget/{name}@{entry['resolved']}"
                packages[purl] = (name, entry["resolved"], base64.b64decode(entry["contentHash"]).hex())
                uses[program].add(purl)
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "SecureAggregation", "name": "SecureAggregation", "version": version,
                                   "properties": [{"name": "commit", "value": commit}]}},
        "components": [{"type": "application", "bom-ref": program, "name": program, "version": version} for program in PROGRAMS.values()]
        + [{"type": "framework", "bom-ref": "dotnet", "name": ".NET and ASP.NET Core runtime", "version": runtime}]
        + [{"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": resolved, "hashes": [{"alg": "SHA-512", "content": sha}]}
           for purl, (name, resolved, sha) in sorted(packages.items())],
        "dependencies": [{"ref": "SecureAggregation", "dependsOn": sorted(PROGRAMS.values())}]
        + [{"ref": program, "dependsOn": sorted(purls)} for program, purls in sorted(uses.items())],
    }
    json.dump(bom, sys.stdout, indent=1)
    print()


main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
