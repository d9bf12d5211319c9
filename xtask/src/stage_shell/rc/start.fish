# fish reads this after the person's own files. Nothing in here starts a process, but a reload.

function _plasma_check --on-event fish_prompt
    set -l index 0
    for file in $_plasma_watched
        set -l seen $_plasma_session/seen/$index
        if test -e "$file"
            if not test -e "$seen"; or test "$file" -nt "$seen"; or test "$file" -ot "$seen"
                _plasma_update
                break
            end
        else if test -e "$seen"
            _plasma_update
            break
        end
        set index (math $index + 1)
    end
    # A prompt that was made since is put behind the sign as well.
    if test (functions --details fish_prompt) != $_plasma_session/start.fish
        _plasma_adopt_prompt
    end
end

function _plasma_update
    if test -x "$_plasma_program"
        $_plasma_program $_plasma_reload | source
    end
end

function _plasma_status
    return $argv[1]
end

function _plasma_adopt_prompt
    functions --erase _plasma_theirs
    functions --copy fish_prompt _plasma_theirs
    set -l host (prompt_hostname)
    set -l shown (_plasma_theirs)
    set -g _plasma_person ''
    # Between the parts there may be colours.
    if not string match --quiet -- "*$USER*@*$host*" "$shown"
        set -g _plasma_person "$USER@$host "
    end
    function fish_prompt
        set -l code $status
        echo -n -s $_plasma_sign $_plasma_person
        _plasma_status $code
        _plasma_theirs
    end
end

# The person's files may set these for every shell; in a stage shell they are the stage's.
set -l rest
for folder in $PATH
    contains -- $folder $_plasma_folders; or set -a rest $folder
end
set -gx PATH $_plasma_folders $rest
set -gx KUBECONFIG $_plasma_kubeconfig
set -gx PLASMA_SHELL_VARS $_plasma_mark
set -gx PLASMA_ROOT $_plasma_root
set -e PLASMA_STAGE
_plasma_adopt_prompt
