# zsh reads this in place of the person's .zshenv, which it reads itself. All other files zsh then finds where they are.

if (( ${+_plasma_zdotdir} )); then
  export ZDOTDIR=$_plasma_zdotdir
else
  unset ZDOTDIR
fi

_plasma_adopt() {
  emulate -L zsh
  # The person's files may set these for every shell; in a stage shell they are the stage's.
  [[ $PATH: == $_plasma_folders:* ]] || PATH=$_plasma_folders:$PATH
  export PATH KUBECONFIG=$_plasma_kubeconfig PLASMA_SHELL_VARS=$_plasma_mark PLASMA_ROOT=$_plasma_root
  unset PLASMA_STAGE
  # Last, after everything that makes a prompt.
  typeset -ga precmd_functions
  precmd_functions=(${precmd_functions:#_plasma_*} _plasma_prompt)
  _plasma_prompt
}

_plasma_prompt() {
  emulate -L zsh
  local file seen
  local -i index=0
  for file in $_plasma_watched; do
    seen=$_plasma_session/seen/$index
    if [[ -e $file ]]; then
      [[ -e $seen && ! $file -nt $seen && ! $file -ot $seen ]] || { _plasma_update; break }
    else
      [[ ! -e $seen ]] || { _plasma_update; break }
    fi
    index+=1
  done
  if [[ $PROMPT != *$_plasma_sign* ]]; then
    if [[ $PROMPT == *%n*%[mM]* ]]; then
      PROMPT=$_plasma_sign$PROMPT
    else
      PROMPT=$_plasma_sign'%n@%m '$PROMPT
    fi
  fi
}

_plasma_update() {
  local script
  if [[ -x $_plasma_program ]] && script=$($_plasma_program $_plasma_reload); then
    builtin eval $script
  fi
}

{
  if [[ -r ${ZDOTDIR-$HOME}/.zshenv ]]; then
    builtin source -- ${ZDOTDIR-$HOME}/.zshenv
  fi
} always {
  if [[ -o interactive ]]; then
    # At the first prompt, when all files have been read, whatever they do to the hooks.
    if zmodload zsh/sched 2>/dev/null; then
      sched +0 _plasma_adopt
    else
      precmd_functions+=(_plasma_adopt)
    fi
  fi
}
