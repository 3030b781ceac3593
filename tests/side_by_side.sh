#!/usr/bin/env bash
# Runs commands side by side, so many at a time. What one says comes in one piece at its end;
# those that failed come last. Exit 1: some failed. With AGAIN=1 in the environment those are run once
# more with AGAIN=2, one at a time; what passes then is named, and does not count as failed.
#
#   side_by_side.sh HOW_MANY COMMAND...
set -uo pipefail

together=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
declare -A command_of begun_of
running=0
failed=()

show() {
	printf '\n== %s\n' "$1"
	cat "$folder/$2"
}

one_ends() {
	local pid code
	wait -n -p pid
	code=$?
	running=$((running - 1))
	if ((code == 0)); then
		show "${command_of[$pid]}, $((SECONDS - begun_of[$pid])) s" "$pid"
	else
		printf '\n== %s: failed, see below\n' "${command_of[$pid]}"
		failed+=("$pid")
	fi
}

for command; do
	((running < together)) || one_ends
	(
		trap - EXIT
		exec bash -c "$command" >"$folder/$BASHPID" 2>&1
	) &
	command_of[$!]=$command
	begun_of[$!]=$SECONDS
	running=$((running + 1))
done
while ((running > 0)); do
	one_ends
done
for pid in "${failed[@]}"; do
	show "${command_of[$pid]}: FAILED" "$pid"
done

still_failed=()
for pid in "${failed[@]}"; do
	if [[ ${AGAIN:-} == 1 ]] && (trap - EXIT && AGAIN=2 exec bash -c "${command_of[$pid]}"); then
		printf '\n== FLAKY, passed when it was run again: %s\n' "${command_of[$pid]}"
	else
		still_failed+=("$pid")
	fi
done
failed=("${still_failed[@]}")
if ((${#failed[@]} > 0)); then
	printf '\nfailed:\n'
	for pid in "${failed[@]}"; do
		printf '  %s\n' "${command_of[$pid]}"
	done
	exit 1
fi
