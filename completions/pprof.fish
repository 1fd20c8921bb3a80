# fish completion of pprof, made by scripts/completions.py
complete -c pprof -n __fish_is_first_arg -a help -d 'Help on a command or option'
complete -c pprof -n __fish_is_first_arg -a run -d 'Run a program and profile it'
complete -c pprof -n '__fish_seen_subcommand_from help' -f -a 'add_comment addresses all_frames alloc_objects alloc_space base buildid call_tree callgrind comments compact_labels contentions csv cum diff_base disasm divide_by dot drop_negative edgefraction eog evince filefunctions files flat focus folded functions gif gv hide http http_allow_host ignore intel_syntax inuse_objects inuse_space json kcachegrind lines list max_size mean mean_delay no_browser nodecount nodefraction noinlines normalize output pdf peek png proto prune_from ps raw relative_percentages sample_index seconds show show_from showcolumns source_path svg symbolize tagfocus taghide tagignore tagleaf tagroot tags tagshow text timeout tls_ca tls_cert tls_key tools top topproto total_delay traces tree trim trim_path unit version web weblist'
complete -c pprof -o add_comment -d 'Free-form annotation to add to the profile' -x
complete -c pprof -o addresses -d 'Aggregate at the address level.'
complete -c pprof -o all_frames -d 'Ignore drop_frames and keep_frames regexps'
complete -c pprof -o alloc_objects -d 'Same as -sample_index=alloc_objects'
complete -c pprof -o alloc_space -d 'Same as -sample_index=alloc_space'
complete -c pprof -o base -d 'Source of base profile for profile subtraction' -r
complete -c pprof -o buildid -d 'Override build id for main binary' -x
complete -c pprof -o call_tree -d 'Create a context-sensitive call tree'
complete -c pprof -o callgrind -d 'Outputs a graph in callgrind format'
complete -c pprof -o comments -d 'Output all profile comments'
complete -c pprof -o compact_labels -d 'Show minimal headers'
complete -c pprof -o contentions -d 'Same as -sample_index=contentions'
complete -c pprof -o csv -d 'Rows of -top, -tree, -peek or -tags as CSV, numbers in the profile\'s unit'
complete -c pprof -o cum -d 'Sort entries based on cumulative weight'
complete -c pprof -o diff_base -d 'Source of base profile for comparison' -r
complete -c pprof -o disasm -d 'Output assembly listings annotated with samples' -x
complete -c pprof -o divide_by -d 'Ratio to divide all samples before visualization' -x
complete -c pprof -o dot -d 'Outputs a graph in DOT format'
complete -c pprof -o drop_negative -d 'Ignore negative differences'
complete -c pprof -o edgefraction -d 'Hide edges below <f>*total' -x
complete -c pprof -o eog -d 'Visualize graph through eog'
complete -c pprof -o evince -d 'Visualize graph through evince'
complete -c pprof -o filefunctions -d 'Aggregate at the function level.'
complete -c pprof -o files -d 'Aggregate at the file level.'
complete -c pprof -o flat -d 'Sort entries based on own weight'
complete -c pprof -o focus -d 'Restricts to samples going through a node matching regexp' -x
complete -c pprof -o folded -d 'Outputs stacks as flame graph tools read them'
complete -c pprof -o functions -d 'Aggregate at the function level.'
complete -c pprof -o gif -d 'Outputs a graph image in GIF format'
complete -c pprof -o gv -d 'Visualize graph through gv'
complete -c pprof -o hide -d 'Skips nodes matching regexp' -x
complete -c pprof -o http -d 'Provide web interface at host:port' -x
complete -c pprof -o http_allow_host -d 'Host names, with commas, that browsers may use for -http besides its own and localhost' -x
complete -c pprof -o ignore -d 'Skips paths going through any nodes matching regexp' -x
complete -c pprof -o intel_syntax -d 'Show assembly in Intel syntax'
complete -c pprof -o inuse_objects -d 'Same as -sample_index=inuse_objects'
complete -c pprof -o inuse_space -d 'Same as -sample_index=inuse_space'
complete -c pprof -o json -d 'The same as JSON'
complete -c pprof -o kcachegrind -d 'Visualize report in KCachegrind'
complete -c pprof -o lines -d 'Aggregate at the source code line level.'
complete -c pprof -o list -d 'Output annotated source for functions matching regexp' -x
complete -c pprof -o max_size -d 'Largest profile to read, in bytes after decompression (default 4 GiB)' -x
complete -c pprof -o mean -d 'Average sample value over first value (count)'
complete -c pprof -o mean_delay -d 'Same as -sample_index=delay'
complete -c pprof -o no_browser -d 'Skip opening a browser for the web interface'
complete -c pprof -o nodecount -d 'Max number of nodes to show' -x
complete -c pprof -o nodefraction -d 'Hide nodes below <f>*total' -x
complete -c pprof -o noinlines -d 'Ignore inlines.'
complete -c pprof -o normalize -d 'Scales profile based on the base profile.'
complete -c pprof -o output -d 'Output filename for file-based outputs' -r
complete -c pprof -o pdf -d 'Outputs a graph in PDF format'
complete -c pprof -o peek -d 'Output callers/callees of functions matching regexp' -x
complete -c pprof -o png -d 'Outputs a graph image in PNG format'
complete -c pprof -o proto -d 'Outputs the profile in compressed protobuf format'
complete -c pprof -o prune_from -d 'Drops any functions below the matched frame.' -x
complete -c pprof -o ps -d 'Outputs a graph in PS format'
complete -c pprof -o raw -d 'Outputs a text representation of the raw profile'
complete -c pprof -o relative_percentages -d 'Show percentages relative to focused subgraph'
complete -c pprof -o sample_index -d 'Sample value to report (0-based index or name)' -x
complete -c pprof -o seconds -d 'Duration for time-based profile collection' -x
complete -c pprof -o show -d 'Only show nodes matching regexp' -x
complete -c pprof -o show_from -d 'Drops functions above the highest matched frame.' -x
complete -c pprof -o showcolumns -d 'Show column numbers at the source code line level.'
complete -c pprof -o source_path -d 'Search path for source files' -r
complete -c pprof -o svg -d 'Outputs a graph in SVG format'
complete -c pprof -o symbolize -d 'Controls source of symbol information' -x -a 'none local fastlocal remote force demangle=none demangle=full demangle=templates demangle=default'
complete -c pprof -o tagfocus -d 'Restricts to samples with tags in range or matched by regexp' -x
complete -c pprof -o taghide -d 'Skip tags matching this regexp' -x
complete -c pprof -o tagignore -d 'Discard samples with tags in range or matched by regexp' -x
complete -c pprof -o tagleaf -d 'Adds pseudo stack frames for labels key/value pairs at the callstack leaf.' -x
complete -c pprof -o tagroot -d 'Adds pseudo stack frames for labels key/value pairs at the callstack root.' -x
complete -c pprof -o tags -d 'Outputs all tags in the profile'
complete -c pprof -o tagshow -d 'Only consider tags matching this regexp' -x
complete -c pprof -o text -d 'Outputs top entries in text form'
complete -c pprof -o timeout -d 'Timeout in seconds for profile collection' -x
complete -c pprof -o tls_ca -d 'TLS CA certs file' -r
complete -c pprof -o tls_cert -d 'TLS client certificate file' -r
complete -c pprof -o tls_key -d 'TLS private key file' -r
complete -c pprof -o tools -d 'Search path for object tools' -r
complete -c pprof -o top -d 'Outputs top entries in text form'
complete -c pprof -o topproto -d 'Outputs top entries in compressed protobuf format'
complete -c pprof -o total_delay -d 'Same as -sample_index=delay'
complete -c pprof -o traces -d 'Outputs all profile samples in text form'
complete -c pprof -o tree -d 'Outputs a text rendering of call graph'
complete -c pprof -o trim -d 'Honor nodefraction/edgefraction/nodecount defaults'
complete -c pprof -o trim_path -d 'Path to trim from source paths before search' -r
complete -c pprof -o unit -d 'Measurement units to display' -x -a 'minimum auto s ms us ns hr B kB MB GB'
complete -c pprof -o version -d 'Print the version and exit'
complete -c pprof -o web -d 'Visualize graph through web browser'
complete -c pprof -o weblist -d 'Display annotated source in a web browser' -x
