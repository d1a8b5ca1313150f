/** What a shell is told; the words come from `adit __complete`, so that a script need not be renewed with the program. */
export const SCRIPTS = {
  bash: `# bash completion for adit: source <(adit completion bash)
_adit() {
  local line=\${COMP_LINE:0:COMP_POINT} current word
  COMPREPLY=()
  while IFS= read -r word; do
    if [[ $word == :file ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
      return
    fi
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" __complete --line "$line" 2>/dev/null)
  # Readline takes what stands after a colon for a word of its own.
  current=\${line##*[[:space:]]}
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}")
  fi
}
complete -F _adit adit`,
  zsh: `#compdef adit
# zsh completion for adit: adit completion zsh > "\${fpath[1]}/_adit"
_adit() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == ":file" ]]; then
    _files
  elif [[ -n "\${found[1]}" ]]; then
    compadd -a found
  fi
}
if [[ "$funcstack[1]" == "_adit" ]]; then
  _adit "$@"
else
  compdef _adit adit
fi`,
  fish: `# fish completion for adit: adit completion fish > ~/.config/fish/completions/adit.fish
function __adit_candidates
    set -l words (commandline -opc)
    set -l found ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
    if test "$found[1]" = ":file"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete -c adit -f -a '(__adit_candidates)'`,
} as const;
