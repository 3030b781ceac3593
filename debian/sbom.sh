#!/bin/sh
# The bill of materials of programs that were built here, in CycloneDX 1.5 (JSON):
#
#   CC=... READELF=... VERSION=... COMMIT=... sbom.sh NAME PROGRAM...
#
# It says what is linked, as the programs themselves say it (NEEDED), and what these libraries link;
# of which Debian package each is, and under which licence, by the table beside this file. On a
# system that is not Debian's nothing is known but the names of the libraries.
set -eu

: "${CC:=cc}" "${READELF:=readelf}"
TABLE=${0%/*}/licences
MULTIARCH=$($CC -dumpmachine)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

needed() { $READELF -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort; }

# The file of a library, as the linker found it.
find_library() {
	for folder in "/usr/lib/$MULTIARCH" "/lib/$MULTIARCH" "/usr/$MULTIARCH/lib" /usr/lib64 /usr/lib /lib; do
		[ -e "$folder/$1" ] && { echo "$folder/$1" && return; }
	done
	return 0
}

# package version architecture source, of the package that a file is of.
package_of() {
	command -v dpkg-query >/dev/null || return 0
	for path in "$1" "/usr$1" "${1#/usr}"; do
		owner=$(dpkg-query -S "$path" 2>/dev/null | sed -n '1s/: .*//p') || true
		[ -n "$owner" ] || continue
		# shellcheck disable=SC2016 # dpkg's
		dpkg-query -W -f '${Package} ${Version} ${Architecture} ${source:Package}\n' "$owner"
		return
	done
}

licence_of() { sed -n "s/^$1[[:space:]]\{1,\}//p" "$TABLE"; }

# What a program links, and what that links: one line "who soname" each, in $WORK/links.
follow() {
	for soname in $(needed "$2"); do
		echo "$1 $soname" >>"$WORK/links"
		grep -qxF "$soname" "$WORK/libraries" && continue
		echo "$soname" >>"$WORK/libraries"
		file=$(find_library "$soname")
		[ -z "$file" ] || follow "$soname" "$file"
	done
}

# ---- JSON ----

distribution() {
	[ -e /etc/os-release ] || return 0
	# shellcheck disable=SC1091 # the system's
	(. /etc/os-release && echo "${ID:-linux}-${VERSION_ID:-${VERSION_CODENAME:-}}")
}

quoted() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }
escaped() { printf %s "$1" | sed 's/+/%2B/g; s/:/%3A/g; s/~/%7E/g'; }

library() {
	file=$(find_library "$1")
	# shellcheck disable=SC2046 # four words
	set -- "$1" $(package_of "${file:-/nowhere}")
	printf '    {\n      "type": "library",\n      "bom-ref": %s,\n' "$(quoted "$1")"
	if [ $# = 5 ]; then
		printf '      "name": %s,\n      "version": %s,\n' "$(quoted "$2")" "$(quoted "$3")"
		licence=$(licence_of "$5")
		if [ -n "$licence" ]; then
			printf '      "licenses": [{"expression": %s}],\n' "$(quoted "$licence")"
		else
			echo "sbom: no licence is known of $5: it belongs into $TABLE" >&2
		fi
		printf '      "purl": "pkg:deb/debian/%s@%s?arch=%s&distro=%s",\n' "$2" "$(escaped "$3")" "$4" "$(distribution)"
		printf '      "properties": [{"name": "debian:source", "value": %s}]\n' "$(quoted "$5")"
	else
		printf '      "name": %s\n' "$(quoted "$1")"
	fi
	printf '    }'
}

program() {
	printf '    {\n      "type": "application",\n      "bom-ref": %s,\n      "name": %s,\n' \
		"$(quoted "$1")" "$(quoted "$1")"
	printf '      "version": %s,\n      "licenses": [{"expression": "Apache-2.0"}]\n    }' "$(quoted "$VERSION")"
}

# Those that an awk of one line would name: {"ref": who, "dependsOn": [...]}
dependencies() {
	sort -u "$WORK/links" | awk '
		$1 != who { if (who) printf "]},\n"; who = $1; printf "    {\"ref\": \"%s\", \"dependsOn\": [\"%s\"", who, $2; next }
		{ printf ", \"%s\"", $2 }
		END { printf "]}" }'
}

joined() { # commas between what is called for each word
	call=$1 first=1
	shift
	for word; do
		[ $first = 1 ] || printf ',\n'
		first=0
		"$call" "$word"
	done
}

name=$1
shift
: >"$WORK/links"
: >"$WORK/libraries"
for file; do follow "${file##*/}" "$file"; done
made=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)
names=$(for file; do echo "${file##*/}"; done)

cat <<-END
	{
	  "bomFormat": "CycloneDX",
	  "specVersion": "1.5",
	  "version": 1,
	  "metadata": {
	    "timestamp": "$made",
	    "component": {
	      "type": "application",
	      "bom-ref": $(quoted "package:$name"),
	      "name": $(quoted "$name"),
	      "version": $(quoted "$VERSION"),
	      "licenses": [{"expression": "Apache-2.0"}],
	      "properties": [
	        {"name": "corridord:commit", "value": $(quoted "${COMMIT:-}")},
	        {"name": "corridord:target", "value": $(quoted "$MULTIARCH")},
	        {"name": "corridord:compiler", "value": $(quoted "$($CC --version | head -n 1)")}
	      ]
	    }
	  },
	  "components": [
END
# shellcheck disable=SC2046,SC2086 # words
{
	joined program $names
	printf ',\n'
	joined library $(sort "$WORK/libraries")
}
cat <<-END

	  ],
	  "dependencies": [
	    {"ref": $(quoted "package:$name"), "dependsOn": [$(echo "$names" | sed 's/.*/"&"/' | paste -sd,)]},
	$(dependencies)
	  ]
	}
END
