# shellcheck shell=sh disable=SC2030,SC2031,SC3028,SC3067
# Reports how a program is used: once a day, without an identifier that outlives the day, and only what is listed below.
#
#   . ./telemetry.sh
#   footfall_start 2.4.1
#   footfall_record build format=html seconds=12.5 draft=true
#   footfall_timer build seconds format=html -- make html      # runs the command, and returns its exit status
#
# For the program's users: footfall_status, footfall_enable, footfall_disable, footfall_show, footfall_sent, footfall_forget
# and footfall_verify. Those with an answer print it. Nothing else prints to standard output, and all of them return 0.
#
# For dash, bash 3.2 and later, busybox ash, mksh, yash and zsh; with any IFS and any options, such as `set -eu`. It changes
# nothing in the shell besides variables and functions whose names begin with footfall_. It needs curl or wget, and
# sha256sum, shasum or openssl.

# For packagers: anything but `false` switches it off for everybody.
footfall_off=false
footfall_switch=/etc/footfall/off

# footfall: declared
footfall_program='paperclip'
footfall_name='Paperclip'
footfall_kind='command'
footfall_mode='notice'
footfall_why='To see which formats are worth more work.'
footfall_variable='PAPERCLIP'
footfall_endpoint='http://127.0.0.1:8000/e/token'
footfall_about='http://127.0.0.1:8000/about/token/'
footfall_schema='0000000000000000'
footfall_ci_reports=false
footfall_agents_report=false
footfall_fields='build
build.format=html
build.seconds bucket 1,10,60'
footfall__environment() {
  footfall__own=${PAPERCLIP_TELEMETRY-}
  footfall__own_disabled=${PAPERCLIP_TELEMETRY_DISABLED-}
  footfall__ci=${CI-}
  footfall__agent=${CLAUDECODE-}
}
footfall__declared() {
  case $1 in
    'build') footfall__until=2027-12-31 footfall__properties='format seconds ' ;;
    *) return 1 ;;
  esac
}
footfall__bounds() {
  case $1 in
    build.seconds) footfall__bounds='1 10 60 ' ;;
    *) return 1 ;;
  esac
}
# footfall: end of declared

# The machine's clock, in UTC.
footfall__clock() { command date -u '+%Y-%m-%dT%H:%M:%S'; }

footfall__line='
'
footfall__is_on=no footfall__reason='waits for footfall_start' footfall__waits='' footfall__allowed_by_host=no
footfall__version='' footfall__release='' footfall__today='' footfall__began='' footfall__allowed=''
footfall__told='' footfall__choice='' footfall__at_once=no

# Within `|| :`, no failing command ends a shell with `set -e`.
footfall_start() { footfall__start "${1-}" || :; }
footfall_record() { footfall__record "$@" || :; }
footfall_status() { footfall__status || :; }
footfall_enable() { footfall__choose on || :; }
footfall_disable() { footfall__choose off || :; }
footfall_show() { footfall__show || :; }
footfall_sent() { footfall__sent || :; }
footfall_forget() { footfall__forget || :; }
footfall_verify() { footfall__verify || :; }
footfall_allow() { footfall__allowed_by_host=yes; }

# Runs a command, returns its exit status, and records the event with the seconds that it took.
footfall_timer() {
  footfall__centis=''
  [ "$footfall__is_on" = no ] || footfall__read_uptime || footfall__read_clock || :
  footfall__timed "$footfall__centis" "$@"
}

footfall__timed() { # BEGINNING EVENT PROPERTY [NAME=VALUE …] -- COMMAND …
  # Not in a condition: where a failing command would end the shell, it still does.
  footfall__run "$@"
  set -- "$?" "$@"
  footfall__stop "$@" || :
  return "$1"
}

footfall__run() {
  while [ "$#" -gt 0 ]; do
    if [ "$1" = -- ]; then
      shift
      [ "$#" -gt 0 ] || return 0
      "$@"
      return
    fi
    shift
  done
}

footfall__stop() { # STATUS BEGINNING EVENT PROPERTY …
  [ -n "$2" ] && [ "$#" -ge 4 ] || return 0
  footfall__read_uptime || footfall__read_clock || return 0
  footfall__centis=$((footfall__centis - $2))
  # A clock that was read on both sides of midnight.
  [ "$footfall__centis" -ge 0 ] || footfall__centis=$((footfall__centis + 8640000))
  footfall__part=$((footfall__centis % 100 + 100))
  footfall__value="$4=$((footfall__centis / 100)).${footfall__part#1}"
  footfall__event=$3
  shift 4
  footfall__record "$footfall__event" "$footfall__value" "$@"
}

# Sets hundredths of seconds since some moment, without a process: on Linux, and in shells that count seconds.
footfall__read_uptime() {
  footfall__centis=''
  if [ -r /proc/uptime ]; then
    { IFS=' ' read -r footfall__centis footfall__rest </proc/uptime; } 2>/dev/null || return 1
    case $footfall__centis in
      *[!0123456789.]* | *.*.* | .*) return 1 ;;
      *.??) footfall__centis=${footfall__centis%.*}${footfall__centis#*.} ;;
      *) return 1 ;;
    esac
  elif [ -n "${BASH_VERSION-}${ZSH_VERSION-}" ]; then
    footfall__centis=${SECONDS-}
    case $footfall__centis in '' | *[!0123456789]*) return 1 ;; esac
    footfall__centis=$((footfall__centis * 100))
  else
    return 1
  fi
}

footfall__read_clock() {
  footfall__time=$(footfall__clock 2>/dev/null) || return 1
  footfall__seconds_of "$footfall__time" || return 1
  footfall__centis=$((footfall__seconds * 100))
}

# --- On or off

# Whether a variable says more than nothing or no, blanks around it aside.
footfall__says_yes() {
  footfall__text=${1#"${1%%[![:space:]]*}"}
  case ${footfall__text%"${footfall__text##*[![:space:]]}"} in
    '' | 0 | [Ff][Aa][Ll][Ss][Ee] | [Nn][Oo] | [Oo][Ff][Ff]) return 1 ;;
  esac
}

# Sets footfall__is_on, and the reason in words. Starts no process and writes nothing.
footfall__decide() {
  footfall__is_on=no
  footfall__by_environment=no
  footfall__environment
  footfall__find_places
  footfall__choice='' footfall__told='' footfall__told_schema='' footfall__told_fields=$footfall__line
  footfall__declined=''
  if [ "$footfall_off" != false ]; then
    footfall__reason='the packager switched it off, in the file'
  elif [ -e "$footfall_switch" ]; then
    footfall__reason="$footfall_switch exists"
  elif footfall__says_yes "${DO_NOT_TRACK-}"; then
    footfall__reason='DO_NOT_TRACK is set'
  else
    case $footfall__own in
      *[![:space:]]*)
        if ! footfall__says_yes "$footfall__own"; then
          footfall__reason="${footfall_variable}_TELEMETRY says off"
          return 0
        fi
        footfall__by_environment=yes
        ;;
    esac
    footfall__decide_further
  fi
}

footfall__decide_further() {
  if [ "$footfall__by_environment" = no ]; then
    if footfall__says_yes "$footfall__own_disabled"; then
      footfall__reason="${footfall_variable}_TELEMETRY_DISABLED is set"
      return 0
    elif footfall__says_yes "${TELEMETRY_DISABLED-}"; then
      footfall__reason='TELEMETRY_DISABLED is set'
      return 0
    elif footfall__says_yes "${DISABLE_TELEMETRY-}"; then
      footfall__reason='DISABLE_TELEMETRY is set'
      return 0
    fi
  fi
  footfall__read_choice
  if [ "$footfall__by_environment" = no ]; then
    if [ "$footfall__choice" = off ]; then
      footfall__reason="the choice in $footfall__config/choice is off"
      return 0
    elif [ "$footfall_mode" = off ] && [ "$footfall__choice" != on ]; then
      footfall__reason='it is off until footfall_enable'
      return 0
    elif [ -n "$footfall__ci" ] && [ "$footfall_ci_reports" != true ]; then
      footfall__reason='a CI system runs the program'
      return 0
    elif [ -n "$footfall__agent" ] && [ -z "$footfall__ci" ] && [ "$footfall_agents_report" != true ]; then
      footfall__reason='a coding agent runs the program'
      return 0
    fi
  fi
  if [ -z "$footfall__config" ] || [ -z "$footfall__state" ]; then
    footfall__reason='there is no home directory'
  elif [ "${SUDO_UID:-0}" != 0 ] && [ ! -O "${HOME:-/}" ]; then
    # Files of root's would stay in the home of somebody else.
    footfall__reason='sudo runs the program in the home of somebody else'
  elif ! footfall__can_write "$footfall__config" || ! footfall__can_write "$footfall__place"; then
    footfall__reason='its directories cannot be written'
  elif [ "$footfall_kind" = library ] && [ "$footfall__allowed_by_host" != yes ]; then
    footfall__reason='the program did not call footfall_allow'
  elif ! command -v curl >/dev/null 2>&1 && ! command -v wget >/dev/null 2>&1; then
    footfall__reason='there is no curl and no wget'
  elif ! command -v sha256sum >/dev/null 2>&1 && ! command -v shasum >/dev/null 2>&1 &&
    ! command -v openssl >/dev/null 2>&1; then
    footfall__reason='there is no sha256sum, shasum or openssl'
  else
    footfall__is_on=yes
    footfall__reason=''
  fi
}

# Sets the directories, or nothing without a home. Relative ones do not count (XDG Base Directory Specification).
footfall__find_places() {
  footfall__config='' footfall__state=''
  case ${HOME-} in
    /*) footfall__config=${HOME%/}/.config footfall__state=${HOME%/}/.local/state ;;
  esac
  case ${XDG_CONFIG_HOME-} in /*) footfall__config=${XDG_CONFIG_HOME%/} ;; esac
  case ${XDG_STATE_HOME-} in /*) footfall__state=${XDG_STATE_HOME%/} ;; esac
  case ${OSTYPE-} in
    msys* | cygwin*)
      [ -z "${LOCALAPPDATA-}" ] || footfall__config=$LOCALAPPDATA footfall__state=$LOCALAPPDATA
      ;;
  esac
  footfall__config=${footfall__config:+$footfall__config/$footfall_program/telemetry}
  footfall__state=${footfall__state:+$footfall__state/$footfall_program/telemetry}
  footfall__place=$footfall__state
  if [ -n "$footfall__ci" ]; then
    footfall__place=$footfall__state/ci
  elif [ -n "$footfall__agent" ]; then
    footfall__place=$footfall__state/agent
  fi
}

# Whether a directory, or what it would be made in, can be written.
footfall__can_write() {
  footfall__directory=$1
  while [ ! -e "$footfall__directory" ]; do
    footfall__directory=${footfall__directory%/*}
    [ -n "$footfall__directory" ] || footfall__directory=/
  done
  [ -d "$footfall__directory" ] && [ -w "$footfall__directory" ] && [ -x "$footfall__directory" ]
}

# Reads lines with builtins alone: the file's content is text and never code.
footfall__read_choice() {
  [ -n "$footfall__config" ] && [ -f "$footfall__config/choice" ] || return 0
  { footfall__read_choice_lines <"$footfall__config/choice"; } 2>/dev/null || :
}

footfall__read_choice_lines() {
  footfall__count=0
  while IFS= read -r footfall__text && [ "$footfall__count" -lt 5000 ]; do
    footfall__count=$((footfall__count + 1))
    case $footfall__text in
      'choice off'*) footfall__choice=off ;;
      'choice on') footfall__choice=on ;;
      'schema '*) footfall__told_schema=${footfall__text#schema } ;;
      'told '*) footfall__is_day "${footfall__text#told }" && footfall__told=${footfall__text#told } ;;
      'field '*) footfall__told_fields=$footfall__told_fields${footfall__text#field }$footfall__line ;;
      'declined '*) footfall__declined=${footfall__text#declined } ;;
    esac
  done
}

# --- Days

footfall__is_day() {
  case $1 in
    [1-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]) ;;
    *) return 1 ;;
  esac
}

# Sets footfall__seconds, those of the day, of a moment such as 2026-11-25T10:04:05.
footfall__seconds_of() {
  case $1 in
    *T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]) ;;
    *) return 1 ;;
  esac
  footfall__is_day "${1%T*}" || return 1
  # The leading 1 keeps 08 from being an octal number.
  footfall__text=${1#*T}
  footfall__seconds=$(((1${footfall__text%%:*} - 100) * 3600 + 1${footfall__text##*:} - 100))
  footfall__text=${footfall__text#*:}
  footfall__seconds=$((footfall__seconds + (1${footfall__text%:*} - 100) * 60))
}

# Sets footfall__today and footfall__second, by the machine's clock and the server's correction of it.
footfall__find_today() {
  footfall__moment=$(footfall__clock 2>/dev/null) || return 1
  footfall__seconds_of "$footfall__moment" || return 1
  footfall__today=${footfall__moment%T*}
  footfall__second=$((footfall__seconds + footfall__offset))
  if [ "$footfall__second" -lt 0 ] || [ "$footfall__second" -ge 86400 ]; then
    footfall__days=$((footfall__second / 86400))
    footfall__second=$((footfall__second - footfall__days * 86400))
    [ "$footfall__second" -ge 0 ] || footfall__days=$((footfall__days - 1)) footfall__second=$((footfall__second + 86400))
    footfall__add_days "$footfall__today" "$footfall__days"
  fi
}

# Sets footfall__today to a day and so many days. Source: Howard Hinnant, chrono-compatible low-level date algorithms.
footfall__add_days() {
  footfall__y=${1%%-*} footfall__m=${1#*-}
  footfall__m=$((1${footfall__m%-*} - 100)) footfall__d=$((1${1##*-} - 100))
  [ "$footfall__m" -gt 2 ] || footfall__y=$((footfall__y - 1)) footfall__m=$((footfall__m + 12))
  footfall__z=$((365 * footfall__y + footfall__y / 4 - footfall__y / 100 + footfall__y / 400))
  footfall__z=$((footfall__z + (153 * (footfall__m - 3) + 2) / 5 + footfall__d - 1 + $2))
  footfall__era=$((footfall__z / 146097))
  footfall__z=$((footfall__z - footfall__era * 146097))
  footfall__y=$(((footfall__z - footfall__z / 1460 + footfall__z / 36524 - footfall__z / 146096) / 365))
  footfall__d=$((footfall__z - 365 * footfall__y - footfall__y / 4 + footfall__y / 100))
  footfall__m=$(((5 * footfall__d + 2) / 153))
  footfall__d=$((footfall__d - (153 * footfall__m + 2) / 5 + 101))
  footfall__y=$((footfall__y + footfall__era * 400))
  footfall__m=$((footfall__m + 103))
  [ "$footfall__m" -le 112 ] || footfall__m=$((footfall__m - 12)) footfall__y=$((footfall__y + 1))
  footfall__today=$footfall__y-${footfall__m#1}-${footfall__d#1}
}

# Whether the first day is later than the second.
footfall__is_later() {
  footfall__text=${1#*-}
  footfall__d=${1%%-*}${footfall__text%-*}${1##*-}
  footfall__text=${2#*-}
  [ "$footfall__d" -gt "${2%%-*}${footfall__text%-*}${2##*-}" ]
}

footfall__read_installation() {
  footfall__offset=0 footfall__last='' footfall__secret=''
  [ -f "$footfall__place/installation" ] || return 0
  { footfall__read_installation_lines <"$footfall__place/installation"; } 2>/dev/null || :
}

footfall__read_installation_lines() {
  footfall__count=0
  while IFS= read -r footfall__text && [ "$footfall__count" -lt 1000 ]; do
    footfall__count=$((footfall__count + 1))
    case $footfall__text in
      'secret '?*) footfall__secret=${footfall__text#secret } ;;
      'last '*) footfall__is_day "${footfall__text#last }" && footfall__last=${footfall__text#last } ;;
      'offset '*)
        footfall__text=${footfall__text#offset }
        footfall__value=${footfall__text#-}
        case $footfall__value in
          0 | [1-9] | [1-9]*[0-9])
            case $footfall__value in
              *[!0123456789]* | ???????????*) ;;
              *) footfall__offset=$footfall__text ;;
            esac
            ;;
        esac
        ;;
    esac
  done
}

# --- Telling and asking

footfall__start() {
  footfall__version=$1
  footfall__today='' footfall__waits=''
  footfall__decide
  [ "$footfall__is_on" = yes ] || return 0
  footfall__is_on=no
  if ! footfall__was_told && ! footfall__is_watched; then
    footfall__reason='nobody was told yet: that needs a terminal'
    return 0
  fi
  footfall__read_installation
  if ! footfall__find_today; then
    footfall__reason='the clock cannot be read'
    return 0
  fi
  footfall__read_uptime && footfall__began=$footfall__centis || footfall__began=''
  footfall__tell
  [ "$footfall__is_on" = yes ] || return 0
  footfall__size=unknown footfall__written=0
  footfall__events=$footfall__place/events-$footfall__today
  footfall__as_version "$footfall__version"
  footfall__release=$footfall__value
  # A clock that was wrong may have shown the day of the notice: after a report, that day makes no difference.
  if [ -z "$footfall__last" ] && [ "$footfall__told" = "$footfall__today" ] && [ "$footfall__at_once" = no ]; then
    footfall__waits='the first report is sent on a later day'
  elif [ "$footfall__last" != "$footfall__today" ] && [ "$footfall__report_allowed" = yes ]; then
    footfall__remembers || footfall__waits='the first report is sent on a later day'
    [ -e "$footfall__place/claim-$footfall__today" ] || footfall__claim
  fi
  [ -e "$footfall__events" ] || footfall__make_events
}

# Sets footfall__is_on if the user was told or chose, footfall__allowed to the fields that may be sent, and
# footfall__report_allowed to `no` while the user was not told that the country is counted.
footfall__tell() {
  footfall__at_once=no
  footfall__report_allowed=yes
  footfall__allowed=$footfall__line$footfall_fields$footfall__line
  if footfall__was_told; then
    footfall__is_on=yes
    if [ "$footfall__by_environment" = yes ]; then
      footfall__at_once=yes
    elif [ "$footfall__choice" != on ] && [ -z "$footfall__told" ]; then
      footfall__at_once=yes
    elif [ "$footfall__told_schema" != "$footfall_schema" ] && [ -n "$footfall__told_schema$footfall__told" ]; then
      # Without a schema and a day, somebody wrote the choice by hand and means all.
      footfall__tell_of_more
    fi
  elif [ "$footfall_mode" = notice ]; then
    footfall__told=$footfall__today
    footfall__remember '' "$footfall__told" "$footfall_schema" '' "$footfall_fields" || return 0
    footfall__notice
    footfall__is_on=yes
  else
    footfall__ask
    footfall__told=$footfall__today
    footfall__remember "$footfall__choice" "$footfall__told" "$footfall_schema" '' "$footfall_fields" || return 0
    if [ "$footfall__choice" = on ]; then
      footfall__is_on=yes
    else
      footfall__reason="the choice in $footfall__config/choice is off"
    fi
  fi
}

# Whether there is nothing to wait for. In a CI system that may report, nobody is there to be told.
footfall__was_told() {
  [ "$footfall__by_environment" = yes ] || [ "$footfall__choice" = on ] ||
    { [ "$footfall_mode" = notice ] && [ -n "$footfall__told$footfall__ci" ]; }
}

# Whether a person sees what is written: neither a CI system nor a coding agent answers for one.
footfall__is_watched() { [ -z "$footfall__ci$footfall__agent" ] && [ -t 0 ] && [ -t 2 ]; }

# The schema is another one than the user was told. Without new fields, there is nothing to tell.
footfall__tell_of_more() {
  footfall__rest=$footfall_fields$footfall__line
  footfall__allowed=$footfall__line footfall__new=''
  while [ -n "$footfall__rest" ]; do
    footfall__text=${footfall__rest%%"$footfall__line"*}
    footfall__rest=${footfall__rest#*"$footfall__line"}
    case $footfall__told_fields in
      *"$footfall__line$footfall__text$footfall__line"*)
        footfall__allowed=$footfall__allowed$footfall__text$footfall__line
        ;;
      *)
        footfall__new=$footfall__new$footfall__text$footfall__line
        [ "$footfall__text" != country ] || footfall__report_allowed=no
        ;;
    esac
  done
  [ -n "$footfall__new" ] && [ "$footfall__declined" != "$footfall_schema" ] && footfall__is_watched || return 0
  footfall__text=$footfall__told_fields$footfall__new
  footfall__text=${footfall__text#"$footfall__line"}
  footfall__text=${footfall__text%"$footfall__line"}
  if [ "$footfall_mode" = ask ]; then
    footfall__ask "$footfall__new"
    if [ "$footfall__choice" = off ]; then
      footfall__choice=on
      footfall__former=${footfall__told_fields#"$footfall__line"}
      footfall__former=${footfall__former%"$footfall__line"}
      footfall__remember on "$footfall__told" "$footfall__told_schema" "$footfall_schema" "$footfall__former"
      return 0
    fi
    footfall__remember on "$footfall__told" "$footfall_schema" '' "$footfall__text" || return 0
  else
    footfall__remember "$footfall__choice" "$footfall__told" "$footfall_schema" '' "$footfall__text" || return 0
    footfall__notice "$footfall__new"
  fi
  footfall__report_allowed=yes
  footfall__allowed=$footfall__line$footfall_fields$footfall__line
}

footfall__notice() { # [NEW FIELDS]
  {
    if [ -n "${1-}" ]; then
      printf '%s now also reports, without a name or an identifier:\n%s' "$footfall_name" "$1"
    else
      printf '%s reports how it is used: once a day from tomorrow on, without a name or an identifier.\n' "$footfall_name"
      printf '%s\n' "$footfall_why"
    fi
    printf 'What it reports: %s\nTo switch it off, set %s_TELEMETRY=off.\n' "$footfall_about" "$footfall_variable"
  } >&2 2>/dev/null
}

# Sets footfall__choice. No is the default.
footfall__ask() { # [NEW FIELDS]
  footfall__choice=off
  {
    if [ -n "${1-}" ]; then
      printf '%s would now also report, without a name or an identifier:\n%s' "$footfall_name" "$1"
    else
      printf '%s would like to report how it is used: once a day, without a name or an identifier.\n' "$footfall_name"
      printf '%s\n' "$footfall_why"
    fi
    printf 'What it reports: %s\nMay it do so? [y/N] ' "$footfall_about"
  } >&2
  IFS= read -r footfall__answer || footfall__answer=''
  case $footfall__answer in
    [Yy] | [Yy][Ee][Ss]) footfall__choice=on ;;
  esac
}

# Writes the choice file as a whole.
footfall__remember() ( # CHOICE TOLD SCHEMA DECLINED FIELDS
  umask 077
  command mkdir -p "$footfall__config" || exit 1
  footfall__entry="${1:+choice $1$footfall__line}schema $3${footfall__line}told ${2:-$footfall__today}$footfall__line"
  footfall__entry=$footfall__entry${4:+declined $4$footfall__line}
  footfall__rest=${5:+$5$footfall__line}
  while [ -n "$footfall__rest" ]; do
    footfall__entry="${footfall__entry}field ${footfall__rest%%"$footfall__line"*}$footfall__line"
    footfall__rest=${footfall__rest#*"$footfall__line"}
  done
  # One write, so that a full disk is noticed.
  footfall__text=$footfall__config/choice.$$
  printf '%s' "$footfall__entry" >|"$footfall__text" && command mv -f "$footfall__text" "$footfall__config/choice" && exit 0
  command rm -f "$footfall__text"
  exit 1
) >/dev/null 2>&1

# --- Recording

# A line is one write. It is made of names and values from closed sets alone.
footfall__record() { # EVENT [NAME=VALUE …]
  [ "$footfall__is_on" = yes ] && [ "$#" -gt 0 ] || return 0
  footfall__keep_up_with_day
  [ "$footfall__is_on" = yes ] || return 0
  footfall__event=$1
  shift
  footfall__declared "$footfall__event" || return 0
  case $footfall__allowed in *"$footfall__line$footfall__event$footfall__line"*) ;; *) return 0 ;; esac
  [ -z "$footfall__until" ] || ! footfall__is_later "$footfall__today" "$footfall__until" || return 0
  footfall__entry=$footfall__event
  while [ -n "$footfall__properties" ]; do
    footfall__name=${footfall__properties%% *}
    footfall__properties=${footfall__properties#* }
    for footfall__text; do
      case $footfall__text in
        --) break ;;
        "$footfall__name="*)
          if footfall__as_value "$footfall__event.$footfall__name" "${footfall__text#*=}"; then
            footfall__entry="$footfall__entry $footfall__name=$footfall__value"
          fi
          break
          ;;
      esac
    done
  done
  footfall__has_room || return 0
  { printf '%s\n' "$footfall__entry" >>"$footfall__events"; } 2>/dev/null
}

# A program that runs for days reports each day, where the shell can tell the time without a process.
footfall__keep_up_with_day() {
  [ -n "$footfall__began" ] && footfall__read_uptime || return 0
  [ "$((footfall__second + (footfall__centis - footfall__began) / 100))" -lt 86400 ] || footfall__start "$footfall__version"
}

# Whether the day's file may get one more line. What others wrote is measured from time to time.
footfall__has_room() {
  footfall__written=$((footfall__written + ${#footfall__entry} + 1))
  if [ "$footfall__size" = unknown ] || [ "$footfall__written" -gt 1024 ]; then
    footfall__size=0
    if [ -s "$footfall__events" ]; then
      footfall__size=$(command wc -c <"$footfall__events" 2>/dev/null) || return 1
      footfall__size=$((footfall__size))
    fi
    footfall__written=$((${#footfall__entry} + 1))
  fi
  [ "$((footfall__size + footfall__written))" -le 16384 ]
}

# Sets footfall__value to what may be sent of a value. Fails if nothing may.
footfall__as_value() { # EVENT.NAME VALUE
  footfall__value=$2
  case $footfall__allowed in
    *"$footfall__line$1 bucket "*) footfall__as_bin "$1" "$2" ;;
    *"$footfall__line$1 flag$footfall__line"*) [ "$2" = true ] || [ "$2" = false ] ;;
    *"$footfall__line$1 version$footfall__line"*) footfall__as_version "$2" ;;
    *"$footfall__line$1="*)
      case $2 in
        '' | *[!0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._+-]*) footfall__value=other ;;
        *) case $footfall__allowed in *"$footfall__line$1=$2$footfall__line"*) ;; *) footfall__value=other ;; esac ;;
      esac
      ;;
    *) return 1 ;;
  esac
}

# Sets footfall__value to a number's bin: how many bounds are not above it.
footfall__as_bin() {
  footfall__bounds "$1" && footfall__as_number "$2" || return 1
  footfall__value=0
  footfall__number=$footfall__whole footfall__number_part=$footfall__part
  while [ -n "$footfall__bounds" ]; do
    footfall__as_number "${footfall__bounds%% *}" || return 1
    footfall__bounds=${footfall__bounds#* }
    if [ "$footfall__number" -gt "$footfall__whole" ] ||
      { [ "$footfall__number" -eq "$footfall__whole" ] && [ "$footfall__number_part" -ge "$footfall__part" ]; }; then
      footfall__value=$((footfall__value + 1))
    fi
  done
}

# Sets footfall__whole, a decimal number rounded down, and footfall__part, what is above it in units of 10^-15.
footfall__as_number() {
  footfall__text=${1#-}
  [ "$footfall__text" != "$1" ] || footfall__text=${1#+}
  case $footfall__text in
    '' | . | *[!0123456789.]* | *.*.*) return 1 ;;
  esac
  [ "${#footfall__text}" -le 60 ] || return 1
  footfall__whole=${footfall__text%%.*} footfall__part=000000000000000
  case $footfall__text in *.*) footfall__part=${footfall__text#*.}$footfall__part ;; esac
  footfall__part=${footfall__part%"${footfall__part#???????????????}"}
  # Without leading zeros, for which a number would be octal.
  footfall__whole=${footfall__whole#"${footfall__whole%%[!0]*}"} footfall__part=${footfall__part#"${footfall__part%%[!0]*}"}
  footfall__whole=${footfall__whole:-0} footfall__part=${footfall__part:-0}
  [ "${#footfall__whole}" -le 15 ] || footfall__whole=999999999999999
  case $1 in
    -*)
      footfall__whole=$((0 - footfall__whole))
      if [ "$footfall__part" != 0 ]; then
        footfall__whole=$((footfall__whole - 1)) footfall__part=$((1000000000000000 - footfall__part))
      fi
      ;;
  esac
}

# Sets footfall__value to a version in the form that may be sent, such as 2.4.1 or 2.5.0-rc1, or to `other`.
footfall__as_version() {
  footfall__value=${1#[vV]}
  footfall__value=${footfall__value%%+*}
  footfall__text=$footfall__value
  [ "${#footfall__text}" -le 40 ] && footfall__is_version || footfall__value=other
}

footfall__is_version() {
  footfall__count=0
  while :; do
    footfall__number=${footfall__text%%[!0123456789]*}
    footfall__count=$((footfall__count + 1))
    case ${#footfall__number} in [1-6]) ;; *) return 1 ;; esac
    footfall__text=${footfall__text#"$footfall__number"}
    case $footfall__text in .[0123456789]*) footfall__text=${footfall__text#.} ;; *) break ;; esac
  done
  [ "$footfall__count" -le 4 ] || return 1
  [ -n "$footfall__text" ] || return 0
  footfall__text=${footfall__text#[-.]}
  case $footfall__text in
    alpha*) footfall__text=${footfall__text#alpha} ;;
    beta*) footfall__text=${footfall__text#beta} ;;
    a* | b*) footfall__text=${footfall__text#?} ;;
    rc*) footfall__text=${footfall__text#rc} ;;
    preview*) footfall__text=${footfall__text#preview} ;;
    pre*) footfall__text=${footfall__text#pre} ;;
    dev*) footfall__text=${footfall__text#dev} ;;
    post*) footfall__text=${footfall__text#post} ;;
    nightly*) footfall__text=${footfall__text#nightly} ;;
    snapshot*) footfall__text=${footfall__text#snapshot} ;;
    *) return 1 ;;
  esac
  footfall__text=${footfall__text#[-.]}
  case $footfall__text in *[!0123456789]*) return 1 ;; esac
  [ "${#footfall__text}" -le 8 ]
}

# --- The day's report

# The process that creates the claim makes the day's report. With -C, the shell creates it with O_EXCL.
footfall__claim() {
  (
    set -C
    umask 077
    [ -d "$footfall__place" ] || command mkdir -p "$footfall__place"
    printf '' >"$footfall__place/claim-$footfall__today" || exit 1
    # With -C, zsh does not append to a file that is not there.
    set +C
    printf '' >>"$footfall__events"
  ) >/dev/null 2>&1 || return 0
  [ -n "$footfall__waits" ] || footfall__detach
}

# Whether a server was here on another day, by its claim or its secret: what is in a new container each day never was.
footfall__remembers() {
  [ "$footfall_kind" = server ] && [ -z "$footfall__ci$footfall__agent$footfall__secret" ] || return 0
  (
    set +f
    for footfall__text in "$footfall__place"/claim-*; do
      [ ! -e "$footfall__text" ] || [ "$footfall__text" = "$footfall__place/claim-$footfall__today" ] || exit 0
    done
    exit 1
  ) 2>/dev/null
}

footfall__make_events() { (
  umask 077
  [ -d "$footfall__place" ] || command mkdir -p "$footfall__place"
  printf '' >>"$footfall__events"
) >/dev/null 2>&1; }

# Starts the worker twice removed, so that it is not a job of this shell, with none of its files, which may be locks or pipes
# that somebody waits for. In a session of its own, no terminal that closes takes it along.
footfall__detach() {
  (
    set +eu
    \cd "${TMPDIR:-/tmp}" || \cd / || exit
    trap '' HUP
    footfall__close_files
    if command -v setsid; then
      footfall__work setsid sh -s report &
    else
      footfall__work sh -s report &
    fi
  ) </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# Of the shells whose scripts open files with greater numbers, bash has a way to close them.
footfall__close_files() {
  [ -n "${BASH_VERSION-}" ] && [ -d /dev/fd ] || return 0
  set +f
  for footfall__text in /dev/fd/[1-9][0-9] /dev/fd/1[0-9][0-9] /dev/fd/2[0-4][0-9]; do
    footfall__text=${footfall__text#/dev/fd/}
    case $footfall__text in *[!0123456789]*) ;; *) eval "exec $footfall__text>&-" ;; esac
  done
}

# --- For the program's users

footfall__status() {
  if [ -z "$footfall__today" ] || [ "$footfall__is_on" = no ]; then
    # What this run found, without telling or asking.
    footfall__former=$footfall__reason
    footfall__decide
    if [ "$footfall__is_on" = yes ]; then
      footfall__is_on=no
      footfall__reason=${footfall__former:-waits for footfall_start}
    fi
    printf 'off: %s\n' "$footfall__reason"
  elif [ -n "$footfall__waits" ]; then
    printf 'on: %s\n' "$footfall__waits"
  elif [ "$footfall__by_environment" = yes ]; then
    printf 'on: %s_TELEMETRY says on\n' "$footfall_variable"
  elif [ "$footfall__choice" = on ]; then
    printf 'on: the choice in %s/choice is on\n' "$footfall__config"
  else
    printf 'on: told on %s\n' "${footfall__told:-no day}"
  fi
}

footfall__choose() {
  footfall__environment
  footfall__find_places
  footfall__read_installation
  [ -n "$footfall__config" ] && footfall__find_today || return 0
  footfall__choice='' footfall__told=''
  footfall__read_choice
  # A user who agreed before does not wait for another day.
  [ "$footfall__choice" = on ] && [ -n "$footfall__told" ] || footfall__told=$footfall__today
  footfall__choice=$1
  footfall__remember "$1" "$footfall__told" "$footfall_schema" '' "$footfall_fields"
  footfall__is_on=no
  footfall__reason='waits for footfall_start'
  [ "$1" = off ] || [ -z "$footfall__version" ] || footfall__start "$footfall__version"
}

footfall__forget() {
  footfall__environment
  footfall__find_places
  footfall__is_on=no
  footfall__reason='waits for footfall_start'
  footfall__choice=''
  footfall__read_choice
  [ -n "$footfall__state" ] || return 0
  (
    set +f
    # Otherwise zsh runs no command with a pattern that no file matches.
    [ -z "${ZSH_VERSION-}" ] || setopt null_glob
    for footfall__place in "$footfall__state" "$footfall__state/ci" "$footfall__state/agent"; do
      command rm -f "$footfall__place/installation" "$footfall__place/sent" "$footfall__place/"events-* \
        "$footfall__place/"claim-* "$footfall__place/"queue-* "$footfall__place/"*.new* "$footfall__place/"unfinished-*
    done
    command rmdir "$footfall__state/ci" "$footfall__state/agent" "$footfall__state"
    if [ "$footfall__choice" != off ]; then
      command rm -f "$footfall__config/choice" "$footfall__config/"choice.*
      command rmdir "$footfall__config"
    fi
  ) >/dev/null 2>&1
}

# Prints the lines with builtins alone: while the client is off, it starts no process.
footfall__sent() {
  footfall__environment
  footfall__find_places
  [ -n "$footfall__place" ] && [ -f "$footfall__place/sent" ] || return 0
  { footfall__sent_lines <"$footfall__place/sent"; } 2>/dev/null || :
}

footfall__sent_lines() {
  while IFS= read -r footfall__text; do
    printf '%s\n' "$footfall__text"
  done
}

# The only call that starts processes while the client is off, as a person asked for it. A made-up secret stands in then.
footfall__show() {
  footfall__environment
  footfall__find_places
  footfall__read_installation
  footfall__find_today && [ -n "$footfall__place" ] || return 0
  footfall__remembers || footfall__waits='the first report is sent on a later day'
  [ -n "$footfall__allowed" ] || footfall__allowed=$footfall__line$footfall_fields$footfall__line
  footfall__as_version "$footfall__version"
  footfall__release=$footfall__value
  footfall__work sh -s show 2>/dev/null
}

footfall__verify() {
  footfall__former=$footfall__is_on
  footfall__decide
  if [ "$footfall__is_on" != yes ]; then
    printf 'off: %s. No server was asked.\n' "$footfall__reason"
    return 0
  fi
  footfall__is_on=$footfall__former
  footfall__work sh -s verify 2>/dev/null
}

# --- The worker

# Runs a command, a shell that reads this script. A shell of its own has neither options nor aliases of this one.
footfall__work() (
  export footfall_kind footfall_fields footfall_schema footfall_endpoint footfall_about
  export footfall__place footfall__config footfall__today footfall__moment footfall__release footfall__allowed
  export footfall__ci footfall__agent
  export footfall__is_on footfall__by_environment footfall__waits
  "$@" <<'END_OF_WORKER'
umask 077
LC_ALL=C
export LC_ALL
state=$footfall__place today=$footfall__today line='
'

# Functions for awk: days since 1970 of a day such as 2026-11-25, the day of so many days, and the ISO week of those.
# Source: Howard Hinnant, chrono-compatible low-level date algorithms.
dates='
function days(text,    y, m, d) {
  y = substr(text, 1, 4) + 0; m = substr(text, 6, 2) + 0; d = substr(text, 9, 2) + 0
  if (m < 3) { y--; m += 12 }
  return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469
}
function day(z,    era, y, d, m) {
  z += 719468; era = int(z / 146097); z -= era * 146097
  y = int((z - int(z / 1460) + int(z / 36524) - int(z / 146096)) / 365)
  d = z - 365 * y - int(y / 4) + int(y / 100); m = int((5 * d + 2) / 153)
  d -= int((153 * m + 2) / 5) - 1; m += 3; y += era * 400
  if (m > 12) { m -= 12; y++ }
  return sprintf("%04d-%02d-%02d", y, m, d)
}
function week(z,    thursday, year) {
  thursday = z - (z + 3) % 7 + 3; year = substr(day(thursday), 1, 4)
  return sprintf("%s-W%02d", year, int((thursday - days(year "-01-01")) / 7) + 1)
}
'

is_day() {
  case $1 in [1-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]) ;; *) return 1 ;; esac
}

# Sets number to a day's digits, which compare as days do.
number() {
  rest=${1#*-}
  number=${1%%-*}${rest%-*}${rest#*-}
}

is_earlier() {
  number "$1"
  first=$number
  number "$2"
  [ "$first" -lt "$number" ]
}

# Prints a day, so many days later.
shifted() { awk -v from="$1" -v by="$2" "$dates"'BEGIN { print day(days(from) + by) }' </dev/null; }

week_of() { awk -v date="$1" "$dates"'BEGIN { print week(days(date)) }' </dev/null; }

# --- The installation

read_installation() {
  secret='' since='' last='' version='' offset='' verified='' used=''
  [ -f "$state/installation" ] || return 0
  count=0
  while IFS= read -r text && [ "$count" -lt 1000 ]; do
    count=$((count + 1))
    value=${text#* }
    case $text in
      'secret '*) case $value in *[!0-9a-f]*) ;; *) [ ${#value} -ne 64 ] || secret=$value ;; esac ;;
      'since '*) case $value in [1-9][0-9][0-9][0-9]-W[0-5][0-9]) since=$value ;; esac ;;
      'last '*) is_day "$value" && last=$value ;;
      'version '*) case $value in *[!0-9a-z.-]* | '') ;; *) [ ${#value} -gt 40 ] || version=$value ;; esac ;;
      'offset '*) case $value in *[!0-9-]* | '' | ????????????*) ;; *) offset=$value ;; esac ;;
      'verified '*) is_day "$value" && verified=$value ;;
      'used '*) case $value in *[!0-9a-z_\ -]*) ;; *) used=$used$text$line ;; esac ;;
    esac
  done <"$state/installation"
}

# Replaces a file as a whole. One write, so that a full disk is noticed.
replace() { # NAME TEXT
  printf '%s' "$2" >"$state/$1.new$$" && mv -f "$state/$1.new$$" "$state/$1"
}

write_installation() {
  text="secret $secret${line}since $since$line${last:+last $last$line}${version:+version $version$line}"
  text="$text${offset:+offset $offset$line}${verified:+verified $verified$line}$used"
  replace installation "$text"
}

random() { od -An -v -tx1 -N32 /dev/urandom | awk '{ gsub(/[^0-9a-f]/, ""); printf "%s", $0 }'; }

# --- HMAC-SHA256 (RFC 2104). The secret is in no process's arguments: printf is a builtin.

hash() {
  if command -v sha256sum >/dev/null; then
    sha256sum
  elif command -v shasum >/dev/null; then
    shasum -a 256
  else
    openssl dgst -sha256
  fi
}

# Prints the bytes of hexadecimal digits, each combined with a number by exclusive or.
bytes() {
  rest=$1 escapes=''
  while [ -n "$rest" ]; do
    byte=$((0x${rest%"${rest#??}"} ^ $2))
    rest=${rest#??}
    escapes=$escapes\\$((byte >> 6))$((byte >> 3 & 7))$((byte & 7))
  done
  # shellcheck disable=SC2059
  printf "$escapes"
}

# Prints the first 32 digits of the code of a message with the secret.
id_of() {
  key=${secret}0000000000000000000000000000000000000000000000000000000000000000
  inner=$({ bytes "$key" 54; printf '%s' "$1"; } | hash)
  inner=${inner##*= }
  inner=${inner%% *}
  outer=$({ bytes "$key" 92; bytes "$inner" 0; } | hash)
  outer=${outer##*= }
  printf '%s' "${outer%"${outer#????????????????????????????????}"}"
}

# --- The report

# Sets previous to the latest day before a day on which there was a report.
find_previous() {
  previous=''
  for candidate in "$last" "$verified" "$state"/queue-????-??-??; do
    candidate=${candidate##*/queue-}
    is_day "$candidate" && is_earlier "$candidate" "$1" || continue
    if [ -z "$previous" ] || is_earlier "$previous" "$candidate"; then previous=$candidate; fi
  done
}

# Whether no day of a report is known. A server that answered on a later day will say which day it is, and the report is
# moved there: then it is not the first.
is_first() { [ -z "$previous$verified" ]; }

# Prints the reports before a day whose worker was killed before it wrote the installation.
reports_before() {
  for file in "$state"/queue-????-??-??; do
    date=${file##*/queue-}
    is_day "$date" && [ -f "$file" ] && is_earlier "$date" "$1" || continue
    [ -z "$last" ] || is_earlier "$last" "$date" || continue
    printf 'queue '
    cat "$file"
    echo
  done
}

# Prints the events before a day that no report had, each line after its day. A line without an end gets a wrong one.
events_before() {
  for file in "$state"/events-????-??-??; do
    date=${file##*/events-}
    is_day "$date" && [ -f "$file" ] && is_earlier "$date" "$1" || continue
    [ -z "$previous" ] || ! is_earlier "$date" "$previous" || continue
    { dd if="$file" bs=16384 count=1; echo '~'; } 2>/dev/null | sed "s/^/$date /"
  done
}

# Prints the `used` lines of the installation after the report of a day, and then the report.
report_of() {
  find_previous "$1"
  if is_first; then used='' version=''; fi
  from=''
  [ -z "$version" ] || [ "$version" = "$footfall__release" ] || from=$version
  machine=$(uname -s -m)
  id=$(id_of "$1")
  [ ${#id} -eq 32 ] || return 1
  { printf '%s' "$used"; reports_before "$1"; events_before "$1"; } |
    awk -v id="$id" -v today="$1" -v previous="$previous" -v since="$since" -v version="$footfall__release" \
      -v from="$from" -v machine="$machine" -v driver="$driver" -v android="${ANDROID_ROOT:+1}" "$dates"'
      function gap_of(earlier, later,    gap) {
        gap = days(later) - days(earlier)
        return gap < 1 ? 1 : gap > 32 ? 32 : gap
      }
      function first_match(text, table,    count, row, part, i) {
        count = split(table, row, ",")
        for (i = 1; i <= count; i++) {
          split(row[i], part, ":")
          if (text ~ "^(" part[1] ")$") return part[2]
        }
        return "other"
      }
      function is_version(value) {
        return value == "other" || (length(value) <= 40 && value ~ \
          /^[0-9]+(\.[0-9]+)*([-.]?(a|alpha|b|beta|rc|pre|preview|dev|post|nightly|snapshot)[-.]?[0-9]*)?$/)
      }
      function add(    i, at, name, value, path, p, h, key, count, bucket, part) {
        p = ""; h = ""; split("", seen)
        for (i = 3; i <= NF; i++) {
          at = index($i, "="); name = substr($i, 1, at - 1); value = substr($i, at + 1); path = $2 "." name
          if (at < 2 || (name in seen)) return
          seen[name] = 1
          if (((path "=" value) in fields) || (value == "other" && (path in choices)))
            p = p ",\"" name "\":\"" value "\""
          else if (((path " flag") in fields) && value ~ /^(true|false)$/) p = p ",\"" name "\":" value
          else if (((path " version") in fields) && is_version(value)) p = p ",\"" name "\":\"" value "\""
          else if ((path in bins) && value ~ /^[0-9]+$/ && value + 0 < bins[path]) h = h " " name "=" (value + 0)
          else return
        }
        if (!(($1, $2) in gaps)) {
          # A use that this report is too late for is none that a server knows.
          if (!($2 in known)) known[$2] = used[$2]
          last = used[$2] < oldest ? known[$2] : used[$2]
          gaps[$1, $2] = last == "" ? "null" : gap_of(last, $1)
          if (used[$2] < $1) used[$2] = $1
        }
        key = $1 SUBSEP $2 SUBSEP p
        if (!(key in n)) { order[++entries] = key; date[key] = $1; event[key] = $2; properties[key] = substr(p, 2) }
        n[key]++
        count = split(h, bucket, " ")
        for (i = 1; i <= count; i++) {
          split(bucket[i], part, "=")
          if (!((key, part[1]) in buckets)) { buckets[key, part[1]] = 1; names[key] = names[key] " " part[1] }
          histogram[key, part[1], part[2]]++
        }
      }
      function entry(key,    text, count, name, i, bin, h) {
        text = "{\"day\":\"" date[key] "\",\"event\":\"" event[key] "\",\"n\":" (n[key] > 1000000 ? 1000000 : n[key]) \
          ",\"gap\":" gaps[date[key], event[key]]
        if (properties[key] != "") text = text ",\"p\":{" properties[key] "}"
        count = split(names[key], name, " ")
        for (i = 1; i <= count; i++) {
          h = h (i > 1 ? "," : "") "\"" name[i] "\":["
          for (bin = 0; bin < bins[event[key] "." name[i]]; bin++)
            h = h (bin ? "," : "") (histogram[key, name[i], bin] + 0)
          h = h "]"
        }
        return text (count ? ",\"h\":{" h "}" : "") "}"
      }
      BEGIN {
        oldest = day(days(today) - 31)
        count = split(ENVIRON["footfall__allowed"], list, "\n")
        for (i = 1; i <= count; i++) {
          fields[list[i]] = 1
          words = split(list[i], part, " ")
          if (words == 3 && part[2] == "bucket") bins[part[1]] = split(part[3], bounds, ",") + 1
          if ((at = index(list[i], "="))) choices[substr(list[i], 1, at - 1)] = 1
          else if (words == 1 && index(list[i], ".") == 0) events[list[i]] = 1
        }
      }
      $1 == "used" { if (NF == 3 && $3 ~ /^[0-9][0-9-]*$/ && length($3) == 10) used[$2] = $3; next }
      $1 == "queue" {
        while (match($0, /"day" *: *"[0-9-]+" *, *"event" *: *"[a-z0-9_]+"/)) {
          split(substr($0, RSTART, RLENGTH), part, "\"")
          if (!(part[8] in used) || used[part[8]] < part[4]) used[part[8]] = part[4]
          $0 = substr($0, RSTART + RLENGTH)
        }
        next
      }
      !/[^A-Za-z0-9._+= -]/ && ($2 in events) { add() }
      END {
        system_name = android ? "android" : first_match(machine_name(1), \
          "Linux:linux,Darwin:macos,(MINGW|MSYS|CYGWIN).*:windows,FreeBSD:freebsd,OpenBSD:openbsd,NetBSD:netbsd")
        architecture = first_match(machine_name(2), "x86_64|amd64:x86-64,aarch64|arm64|armv8.*:arm64,arm.*:arm," \
          "i[3-6]86|x86|i86pc:x86,riscv64:riscv64,ppc64le|powerpc64le:ppc64le,s390x:s390x")
        text = "{\"id\":\"" id "\",\"day\":\"" today "\",\"gap\":" (previous == "" ? "null" : gap_of(previous, today)) \
          ",\"since\":\"" since "\",\"version\":\"" version "\"" (from == "" ? "" : ",\"from\":\"" from "\"") \
          ",\"os\":\"" system_name "\",\"arch\":\"" architecture "\",\"runtime\":\"sh\",\"driver\":\"" driver \
          "\",\"used\":["
        room = 8192 - length(text) - 3
        for (i = entries; i > 0 && entries - i < 500; i--) {
          one = entry(order[i]) (list_of_used == "" ? "" : ",")
          if (length(one) > room) break
          room -= length(one)
          list_of_used = one list_of_used
        }
        for (name in used) print "used", name, used[name]
        print text list_of_used "]}"
      }
      function machine_name(which,    part) { split(machine, part, " "); return part[which] }
    '
}

write_queue() { # DAY REPORT
  replace "queue-$1" "$2$line"
}

# Leaves the newest reports in the queue: at most 31, none older than 31 days, and 12 KB.
prune_queue() {
  oldest=$(shifted "$today" -31)
  newest_first=''
  for file in "$state"/queue-????-??-??; do
    [ -f "$file" ] && newest_first="${file##*/queue-} $newest_first"
  done
  total=0 count=0
  for date in $newest_first; do
    size=$(wc -c <"$state/queue-$date")
    total=$((total + size)) count=$((count + 1))
    if [ "$total" -gt 12288 ] || [ "$count" -gt 31 ] || ! is_day "$date" || is_earlier "$date" "$oldest"; then
      rm -f "$state/queue-$date"
    fi
  done
}

# Whether nobody called footfall_disable or footfall_forget since this worker was started.
is_wanted() {
  [ -e "$state/claim-$today" ] || return 1
  [ "$footfall__by_environment" = yes ] || ! grep -qs '^choice off' "$footfall__config/choice"
}

# Makes today's report. Without room on the disk, it takes the claim back and fails.
make_report() {
  # The claims of other days, which go in the end. One that is made meanwhile, after midnight, is of a worker to come.
  set -- "$state"/claim-*
  read_installation
  # What a killed process left half written: one that was started today may still be at it.
  find "$state" '(' -name '*.new*' -o -name 'unfinished-*' ')' -mtime +0 -exec rm -f {} +
  find_previous "$today"
  if [ -z "$secret" ] || [ -z "$since" ] || is_first; then
    [ -n "$secret" ] || secret=$(random)
    # The week of the first report, for good.
    since=$(week_of "${previous:-$today}")
    [ ${#secret} -eq 64 ] && write_installation || return 1
  fi
  text=$(report_of "$today")
  report=${text##*"$line"}
  [ -n "$report" ] && is_wanted && write_queue "$today" "$report" || return 1
  used=${text%"$report"} last=$today version=$footfall__release
  write_installation || return 1
  for file in "$state"/events-????-??-??; do
    date=${file##*/events-}
    if is_day "$date" && is_earlier "$date" "$today"; then rm -f "$file"; fi
  done
  for file; do
    [ "$file" = "$state/claim-$today" ] || rm -f "$file"
  done
  prune_queue
}

# --- The sender

# Sets body to a request with all that is in the queue, and sending to the days in it.
make_body() {
  body='' sending=''
  for file in "$state"/queue-????-??-??; do
    date=${file##*/queue-}
    is_day "$date" && [ -f "$file" ] && IFS= read -r text <"$file" || continue
    case $text in
      \{*\}) body=$body${body:+,}$text sending="$sending $date" ;;
      *) rm -f "$file" ;;
    esac
  done
  [ -z "$body" ] || body="{\"v\":1,\"schema\":\"$footfall_schema\",\"today\":\"$today\",\"reports\":[$body]}"
}

# Prints the answer with its headers, at most 8 KB of it.
post() {
  if command -v curl >/dev/null; then
    # Without -q, the user's .curlrc could change what is printed. Without Expect, an old curl waits for a second.
    printf '%s' "$body" | curl -q --silent --include --max-time 4 --user-agent footfall-sh --header 'Expect:' \
      --header 'Content-Type: application/json' --data-binary @- "$footfall_endpoint" 2>/dev/null
  else
    options=''
    case $(wget --version 2>/dev/null) in *GNU*) options='--tries=1 --timeout=4 --max-redirect=0' ;; esac
    # wget takes no body from a pipe.
    printf '%s' "$body" >"$state/request.new$$" || return 1
    # shellcheck disable=SC2086
    wget -S -U footfall-sh -O - $options --header='Content-Type: application/json' --post-file="$state/request.new$$" \
      "$footfall_endpoint" 2>&1 </dev/null
    rm -f "$state/request.new$$"
  fi | dd bs=1 count=8192 2>/dev/null
}

# Sets status, and the server's day and time.
send() {
  answer=$(post | awk '
    { sub(/\r$/, "") }
    match($0, /HTTP\/[0-9.]+ [0-9][0-9][0-9]/) { status = substr($0, RSTART + RLENGTH - 3, 3) }
    match($0, /"day" *: *"[0-9-]+"/) { text = substr($0, RSTART, RLENGTH); split(text, part, "\""); day = part[4] }
    match($0, /"time" *: *"[0-9:]+"/) { text = substr($0, RSTART, RLENGTH); split(text, part, "\""); time = part[4] }
    END { print (status == "" ? "none" : status), day, time }')
  status=${answer%% *} answer=${answer#* }
  server_day=${answer%% *} server_time=${answer#* }
}

# Prints the server's moment minus this machine's clock, in seconds.
offset_now() {
  awk -v server="${server_day}T$server_time" -v machine="$footfall__moment" "$dates"'
    function seconds(text) {
      return days(text) * 86400 + substr(text, 12, 2) * 3600 + substr(text, 15, 2) * 60 + substr(text, 18, 2)
    }
    BEGIN { printf "%d", seconds(server) - seconds(machine) }' </dev/null
}

# Adds the request to those of the last 30 days, and leaves 16 KB of them.
note_sent() {
  {
    [ ! -f "$state/sent" ] || cat "$state/sent"
    printf '%s %s\n' "$today" "$body"
  } | awk -v oldest="$(shifted "$today" -30)" '
    { lines[NR] = $0 }
    END {
      room = 16384; first = NR + 1
      while (first > 1 && length(lines[first - 1]) < room) { first--; room -= length(lines[first]) + 1 }
      for (; first <= NR; first++) if ($0 = lines[first]) if ($1 > oldest) print lines[first]
    }' >"$state/sent.new$$" && mv -f "$state/sent.new$$" "$state/sent"
}

send_queue() {
  for attempt in 1 2; do
    make_body
    [ -n "$body" ] && is_wanted || return 0
    sender=$secret
    send
    case $status in
      202) ;;
      400 | 404 | 413 | 415)
        for date in $sending; do rm -f "$state/queue-$date"; done
        return 0
        ;;
      *) return 0 ;;
    esac
    is_day "$server_day" || return 0
    # Somebody may have called footfall_forget meanwhile.
    read_installation
    [ -n "$secret" ] && [ "$secret" = "$sender" ] || return 0
    case $server_time in [0-2][0-9]:[0-5][0-9]:[0-6][0-9]) offset=$(offset_now) ;; esac
    if [ "$server_day" = "$today" ]; then
      for date in $sending; do rm -f "$state/queue-$date"; done
      verified=$today
      write_installation
      note_sent
      return 0
    fi
    [ "$attempt" = 1 ] || return 0
    move_to "$server_day"
  done
}

# --- A clock that was wrong

# Moves reports from the days of a wrong clock to the right ones.
move_to() {
  wrong=$today today=$1
  if [ -z "$verified" ]; then
    by=$(awk -v from="$wrong" -v to="$today" "$dates"'BEGIN { print days(to) - days(from) }' </dev/null)
    move_all "$by"
  else
    move_one
  fi
  write_installation
  if [ -e "$state/claim-$wrong" ]; then mv -f "$state/claim-$wrong" "$state/claim-$today"; fi
  if [ -f "$state/events-$wrong" ]; then
    cat "$state/events-$wrong" >>"$state/events-$today" && rm -f "$state/events-$wrong"
  fi
}

# No server ever answered: the clock was as wrong for all reports.
move_all() {
  days=''
  for date in $sending; do
    # In this order, no report takes the place of one that was not moved yet.
    if [ "$1" -gt 0 ]; then days="$date $days"; else days="$days $date"; fi
  done
  since=$(since_moved_by "$1")
  for date in $days; do
    IFS= read -r text <"$state/queue-$date" || continue
    right=$(shifted "$date" "$1")
    text=$(printf '%s\n' "$text" | awk -v by="$1" -v id="$(id_of "$right")" -v since="$since" "$dates"'{
      moved = ""
      while (match($0, /"(day|since|id)" *: *"[^"]*"/)) {
        text = substr($0, RSTART, RLENGTH); split(text, part, "\"")
        value = part[2] == "day" ? day(days(part[4]) + by) : part[2] == "id" ? id : since
        moved = moved substr($0, 1, RSTART - 1) "\"" part[2] "\":\"" value "\""
        $0 = substr($0, RSTART + RLENGTH)
      }
      print moved $0
    }')
    write_queue "$right" "$text" && rm -f "$state/queue-$date"
  done
  [ -z "$last" ] || last=$(shifted "$last" "$1")
  used=$(printf '%s' "$used" | awk -v by="$1" "$dates"'NF == 3 { print $1, $2, day(days($3) + by) }')
  used=$used${used:+$line}
}

# Prints the week of the first report after the move, or of the week's Monday if that report is gone.
since_moved_by() {
  for date in $sending; do
    if grep -q '"gap" *: *null *, *"since"' "$state/queue-$date"; then
      week_of "$(shifted "$date" "$1")"
      return
    fi
  done
  awk -v text="$since" -v by="$1" "$dates"'BEGIN {
    first = days(substr(text, 1, 4) "-01-04")
    print week(first - (first + 3) % 7 + (substr(text, 7, 2) - 1) * 7 + by)
  }' </dev/null
}

# A server answered before: only the report of the wrong day is of this clock. What it says of days to come is taken out of
# it, and out of the last days of use.
move_one() {
  last=$today
  if [ ! -f "$state/queue-$wrong" ]; then return 0; fi
  IFS= read -r text <"$state/queue-$wrong"
  rm -f "$state/queue-$wrong"
  find_previous "$today"
  text=$(printf '%s%s\n' "$used" "$text" |
    awk -v today="$today" -v previous="$previous" -v id="$(id_of "$today")" "$dates"'
    # Sets parts to the objects of a list, without its first bracket.
    function parts_of(text,    i, depth, letter, count, start) {
      for (i = 1; i <= length(text); i++) {
        letter = substr(text, i, 1)
        if (letter == "{" && depth++ == 0) start = i
        if (letter == "}" && --depth == 0) parts[++count] = substr(text, start, i - start + 1)
        if (letter == "]" && depth == 0) break
      }
      return count + 0
    }
    function value_of(text, key,    part) {
      if (!match(text, "\"" key "\" *: *\"?[a-z0-9_-]+")) return ""
      text = substr(text, RSTART, RLENGTH); sub(/^"[a-z]+" *: *"?/, "", text)
      return text
    }
    function set(key, value) { sub("\"" key "\" *: *(\"[^\"]*\"|[0-9a-z]+)", "\"" key "\":" value, head) }
    $1 == "used" { used[$2] = $3; next }
    match($0, /"used" *: *\[/) {
      head = substr($0, 1, RSTART + RLENGTH - 1)
      count = parts_of(substr($0, RSTART + RLENGTH))
      gap = previous == "" ? 0 : days(today) - days(previous)
      set("id", "\"" id "\""); set("day", "\"" today "\""); set("gap", gap < 1 ? "null" : gap > 32 ? 32 : gap)
      for (i = count; i > 0; i--) {
        date = value_of(parts[i], "day"); name = value_of(parts[i], "event"); gap = value_of(parts[i], "gap")
        if (date < today) { kept = parts[i] (kept == "" ? "" : ",") kept; continue }
        if (gap ~ /^[0-9]+$/) used[name] = day(days(date) - gap); else delete used[name]
      }
    }
    END {
      for (name in used) print "used", name, used[name]
      print head kept "]}"
    }')
  report=${text##*"$line"}
  used=${text%"$report"}
  if [ -e "$state/queue-$today" ] || { [ -n "$verified" ] && ! is_earlier "$verified" "$today"; }; then return 0; fi
  case $report in \{*) write_queue "$today" "$report" ;; esac
}

# --- What it is called for

driver=person
if [ -n "$footfall__ci" ]; then
  driver=ci
elif [ -n "$footfall__agent" ]; then
  driver=agent
elif [ "$footfall_kind" = server ]; then
  driver=server
elif [ -e /.dockerenv ] || [ -e /run/.containerenv ] || [ -n "${KUBERNETES_SERVICE_HOST-}" ]; then
  driver=container
fi

report() {
  is_wanted || return
  if ! make_report; then
    rm -f "$state/claim-$today" "$state"/*.new$$
    return
  fi
  # It ends after 10 seconds, whatever the network does: the sleep ends with the work, or the work with the sleep.
  sleep 10 &
  watch=$!
  {
    send_queue
    kill -9 "$watch"
  } &
  work=$!
  wait "$watch"
  kill -9 "$work"
  # In a session of its own, the processes of the work are the others in its group. Elsewhere there is no group of this
  # number, and curl ends by itself.
  kill -s KILL -- "-$$"
}

# What would be sent: with today's report if it is not made yet, otherwise with tomorrow's.
show() {
  read_installation
  # The worker that holds today's claim may be at it.
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    [ -e "$state/claim-$today" ] && [ "$last" != "$today" ] && [ -z "$footfall__waits" ] || break
    sleep 0.1 2>/dev/null || sleep 1
    read_installation
  done
  if [ "$last" = "$today" ] || [ -e "$state/queue-$today" ] || [ -n "$footfall__waits" ]; then
    today=$(shifted "$today" 1)
  fi
  find_previous "$today"
  if [ -z "$since" ] || is_first; then since=$(week_of "${previous:-$today}"); fi
  if [ -z "$secret" ]; then
    secret=$(random)
    # A secret would say that a server was here on another day.
    if [ "$footfall__is_on" = yes ] && [ ${#secret} -eq 64 ] &&
      { [ "$driver" != server ] || [ -z "$footfall__waits" ]; }; then
      write_installation
    fi
  fi
  text=$(report_of "$today")
  report=${text##*"$line"}
  make_body
  if [ -z "$body" ]; then
    body="{\"v\":1,\"schema\":\"$footfall_schema\",\"today\":\"$today\",\"reports\":[]}"
  else
    report=,$report
  fi
  printf '%s%s]}\n' "${body%]\}}" "$report"
}

verify() {
  address=${footfall_about}declaration.json
  if command -v curl >/dev/null; then
    answer=$(curl -q --silent --fail --max-time 10 --user-agent footfall-sh "$address")
  else
    answer=$(wget -q -O - "$address")
  fi
  printf '%s' "$answer" | tr '\n' ' ' | awk -v ours="$footfall_schema" -v address="$address" '
    match($0, /"schema" *: *"[0-9a-f]+"/) {
      split(substr($0, RSTART, RLENGTH), part, "\""); theirs = part[4]
      if (theirs == ours) exit
      if (match($0, /"fields" *: *\[[^]]*\]/)) {
        count = split(substr($0, RSTART, RLENGTH), part, "\"")
        for (i = 4; i <= count; i += 2) published[part[i]] = 1
      }
    }
    END {
      if (theirs == "") { print "The server could not be asked: " address; exit }
      if (theirs == ours) { print "The server publishes the same schema, " ours "."; exit }
      print "This program has the schema " ours ", the server publishes " theirs "."
      count = split(ENVIRON["footfall_fields"], fields, "\n")
      for (i = 1; i <= count; i++) {
        if (!(fields[i] in published)) print "Only this program has: " fields[i]
        delete published[fields[i]]
      }
      for (name in published) print "Only the server has: " name
    }'
}

case $1 in
  report) report </dev/null ;;
  show) show </dev/null ;;
  verify) verify </dev/null ;;
esac
END_OF_WORKER
)
