# bash reads this in place of ~/.bashrc, which it reads first itself. Nothing in here starts a process, but a reload.

_plasma_adopt() {
  # The person's files may set these for every shell; in a stage shell they are the stage's.
  case "$PATH:" in
    "$_plasma_folders:"*) ;;
    *) PATH=$_plasma_folders:$PATH ;;
  esac
  export PATH KUBECONFIG="$_plasma_kubeconfig" PLASMA_SHELL_VARS="$_plasma_mark" PLASMA_ROOT="$_plasma_root"
  unset PLASMA_STAGE
  # Last, after everything that makes a prompt.
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
    PROMPT_COMMAND+=(_plasma_prompt)
  else
    PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}_plasma_prompt
  fi
}

_plasma_prompt() {
  local file index=0
  for file in ${_plasma_watched[@]+"${_plasma_watched[@]}"}; do
    if [[ $file -nt $_plasma_session/seen/$index || $file -ot $_plasma_session/seen/$index ]]; then
      _plasma_update
      break
    fi
    index=$((index + 1))
  done
  case ${PS1-} in
    *"$_plasma_sign"*) ;;
    *'\u'*'\h'* | *'\u'*'\H'*) PS1=$_plasma_sign$PS1 ;;
    *) PS1=$_plasma_sign'\u@\h '${PS1-} ;;
  esac
}

_plasma_update() {
  local script
  if [[ -x $_plasma_program ]] && script=$("$_plasma_program" "${_plasma_reload[@]}"); then
    builtin eval "$script"
  fi
}

if [[ -r ~/.bashrc ]]; then
  . ~/.bashrc
fi
_plasma_adopt
