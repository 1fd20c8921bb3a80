# bash completion of pprof, made by scripts/completions.py
_pprof_value() { # flag, what is typed of its value
    local word=$2
    case $1 in
    -symbolize) COMPREPLY=($(compgen -W 'none local fastlocal remote force demangle=none demangle=full demangle=templates demangle=default' -- "$word")) ;;
    -unit) COMPREPLY=($(compgen -W 'minimum auto s ms us ns hr B kB MB GB' -- "$word")) ;;
    -base|-diff_base|-output|-tls_ca|-tls_cert|-tls_key) COMPREPLY=($(compgen -f -- "$word")) ;;
    -source_path|-tools|-trim_path) COMPREPLY=($(compgen -d -- "$word")) ;;
    esac
}

_pprof() {
    local line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [[ $before == = && $COMP_CWORD -ge 2 ]]; then
        _pprof_value "${COMP_WORDS[COMP_CWORD - 2]/#--/-}" "$word"
    elif [[ $word == = ]]; then
        _pprof_value "${before/#--/-}" ""
    elif [[ ${COMP_WORDS[1]} == help && $COMP_CWORD -ge 2 ]]; then
        COMPREPLY=($(compgen -W 'add_comment addresses all_frames alloc_objects alloc_space base buildid call_tree callgrind comments compact_labels contentions csv cum diff_base disasm divide_by dot drop_negative edgefraction eog evince filefunctions files flat focus folded functions gif gv hide http http_allow_host ignore intel_syntax inuse_objects inuse_space json kcachegrind lines list max_size mean mean_delay no_browser nodecount nodefraction noinlines normalize output pdf peek png proto prune_from ps raw relative_percentages sample_index seconds show show_from showcolumns source_path svg symbolize tagfocus taghide tagignore tagleaf tagroot tags tagshow text timeout tls_ca tls_cert tls_key tools top topproto total_delay traces tree trim trim_path unit version web weblist' -- "$word"))
    elif [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W '-add_comment= -addresses -all_frames -alloc_objects -alloc_space -base= -buildid= -call_tree -callgrind -comments -compact_labels -contentions -csv -cum -diff_base= -disasm= -divide_by= -dot -drop_negative -edgefraction= -eog -evince -filefunctions -files -flat -focus= -folded -functions -gif -gv -hide= -http= -http_allow_host= -ignore= -intel_syntax -inuse_objects -inuse_space -json -kcachegrind -lines -list= -max_size= -mean -mean_delay -no_browser -nodecount= -nodefraction= -noinlines -normalize -output= -pdf -peek= -png -proto -prune_from= -ps -raw -relative_percentages -sample_index= -seconds= -show= -show_from= -showcolumns -source_path= -svg -symbolize= -tagfocus= -taghide= -tagignore= -tagleaf= -tagroot= -tags -tagshow= -text -timeout= -tls_ca= -tls_cert= -tls_key= -tools= -top -topproto -total_delay -traces -tree -trim -trim_path= -unit= -version -web -weblist=' -- "${word/#--/-}"))
        [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
    else
        COMPREPLY=($(compgen -f -- "$word"))
        [[ $COMP_CWORD != 1 ]] || COMPREPLY+=($(compgen -W 'help run' -- "$word"))
    fi
}
complete -o filenames -F _pprof pprof
