# shellcheck shell=bash
# Sourced by ./secagg and ./test. Standard output stays untouched: everything that is said here goes to standard error.

# need_dotnet - ends with a sentence if the .NET 10 SDK is not there.
need_dotnet() {
  if ! command -v dotnet >/dev/null; then
    echo "dotnet is not in PATH; this needs the .NET 10 SDK (https://dotnet.microsoft.com/download)" >&2
    exit 5
  fi
  if ! dotnet --list-sdks | grep -q '^10\.'; then
    echo "no .NET 10 SDK found, only: $(dotnet --list-sdks | tr '\n' ' '); install one from https://dotnet.microsoft.com/download" >&2
    exit 5
  fi
  export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
}

# build_programs ROOT - builds the four programs in Release if a source is newer than the last build of this kind.
# Two that start at the same time build one after the other.
build_programs() {
  local root="$1" stamp="$1/artifacts/programs.stamp" log="$1/artifacts/build.log"
  need_dotnet
  mkdir -p "$root/artifacts"
  exec 9>"$root/artifacts/build.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if programs_are_older_than_sources "$root" "$stamp"; then
    echo "building (Release, once; log in artifacts/build.log) ..." >&2
    local began=$SECONDS
    touch "$stamp.new"
    if ! dotnet build "$root/eng/Programs.slnf" -c Release -v quiet -nologo -p:UseSharedCompilation=false -nodeReuse:false >"$log" 2>&1; then
      grep -E 'error|rror\(s\)' "$log" | sort -u | head -20 >&2 || tail -20 "$log" >&2
      echo "the build failed; the whole log is in artifacts/build.log" >&2
      exit 5
    fi
    mv "$stamp.new" "$stamp"
    echo "built in $((SECONDS - began)) s" >&2
  fi
  exec 9>&-
}

programs_are_older_than_sources() {
  local root="$1" stamp="$2" program
  for program in Cli Aggregator Party Dashboard.Blazor; do
    [ -f "$root/src/$program/bin/Release/net10.0/SecureAggregation.$program.dll" ] || return 0
  done
  [ -f "$stamp" ] || return 0
  [ -n "$(find "$root/src" "$root/protos" "$root/eng" "$root"/Directory.* "$root/global.json" \
    \( -name bin -o -name obj \) -prune -o -type f -newer "$stamp" -print 2>/dev/null | head -1)" ]
}
