# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of netpath's options, devices, namespaces and losses.

_netpath()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words

	case $prev in
	-n | --netns)
		words=$(ip netns list 2> /dev/null | cut -d' ' -f1)
		;;
	--explain)
		words=$(netpath --list text 2> /dev/null | sed -n 's/^\([A-Za-z0-9_]*\), at .*/\1/p')
		;;
	--list)
		words='text man rst'
		;;
	--record | --replay)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-i | --interval | -c | --count)
		return
		;;
	*)
		if [[ $cur == -* ]]; then
			words='--once --interval --count --netns --json --prometheus --no-bpf
				--record --replay --explain --list --help'
		else
			words=$(for dev in /sys/class/net/*; do echo "${dev##*/}"; done)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _netpath netpath
