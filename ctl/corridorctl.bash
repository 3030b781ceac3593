# bash completion of corridorctl: commands, and names of the running daemon
_corridorctl() {
	local commands="status watch points devices alarms events export verify read scan ack present reseal control release redirect incident maintenance wiretest reload record replay registry doctor bundle"
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

	case $before in
	-s | --socket | -c | --conf)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	registry)
		mapfile -t COMPREPLY < <(compgen -W "list show check import" -- "$word")
		return
		;;
	show)
		mapfile -t COMPREPLY < <(compgen -W "consignment aeo mra group" -- "$word")
		return
		;;
	check | import | replay)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	watch | points | read)
		local names
		names=$(corridorctl points 2>/dev/null | awk 'NR > 1 { print $1; sub(/\..*/, "", $1); print $1 }')
		mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$commands --json --socket --conf --follow --all --since --type --class --last --csv --version --help" -- "$word")
}
complete -F _corridorctl corridorctl
