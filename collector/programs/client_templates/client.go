// Package telemetry tells the developers of this program how it is used: once a day, without an identifier that outlives
// the day, and only what the declaration below lists. Made by Footfall from the program's telemetry.toml: change the name
// of the package if you like, and nothing else. Go 1.19 or newer, and the standard library only.
//
// No function here panics, writes to standard output, waits for the network (but Verify), starts a goroutine, or handles a
// signal. All may be called at any time, from any goroutine.
//
// Reports are sent by a process of their own: this program, started a second time by its own path. It never reaches main,
// because the init of this package posts what it reads from standard input, and ends the process.
package telemetry

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// off is for packagers: any text switches the client off for good. It can also be set from outside:
// go build -ldflags "-X example.org/paperclip/telemetry.off=yes"
var off = ""

// footfall: declared
var programID = "paperclip"
var programName = "Paperclip"
var programKind = "command"
var programMode = "notice"
var programWhy = "To learn which formats are worth our time."
var environmentPrefix = "PAPERCLIP"
var endpoint = "https://hits.example.org/e/abcdefghijkmnpqrstuv"
var about = "https://hits.example.org/about/abcdefghijkmnpqrstuv/"
var schema = "0123456789abcdef"
var reportsFromCI = false
var reportsFromAgents = false
var ciVariables = []string{"CI"}
var agentVariables = []string{"CLAUDECODE"}
var fields = []string{
	"build",
	"build.format=html",
	"build.seconds bucket 0.5,2,10",
}
var events = []declaredEvent{
	{name: "build", until: "2027-12-31", properties: []declaredProperty{
		{name: "format", kind: "choice", values: []string{"html"}},
		{name: "seconds", kind: "bucket", bounds: []float64{0.5, 2, 10}},
	}},
}

// What follows is the same in all programs.
// footfall: end of declared

type declaredEvent struct {
	name       string
	until      string // the last day on which it is recorded
	properties []declaredProperty
}

type declaredProperty struct {
	name   string
	kind   string // choice, bucket, flag or version
	values []string
	bounds []float64
}

// Properties are the details of an event by name: a number or a time.Duration for a bucket, a text for a choice or a
// version, a bool for a flag.
type Properties map[string]any

const (
	maxEventBytes = 16 * 1024 // of one day
	maxQueueBytes = 12 * 1024
	maxSentBytes  = 16 * 1024
	maxReport     = 8 * 1024
	maxInput      = 64 * 1024
	maxDays       = 31 // a report may be late, and that a request may have reports
	maxSentDays   = 30
	maxGap        = 32 // days; also stands for more
	maxUsed       = 500
	other         = "other"
	isoDay        = "2006-01-02"
	lookAgain     = time.Minute // a program that runs for long notices after this time that it was switched off
)

// Variables so that tests can set the time, and need not wait so long.
var clock = time.Now
var senderLimit = 10 * time.Second

// client is what this process knows. The mutex guards it, and the files against this process's own goroutines.
var client struct {
	sync.Mutex
	isStarted  bool
	isAllowed  bool   // by the program that uses this library
	version    string // of the program
	now        decision
	decidedAt  time.Time
	day        string        // on which it decided
	offset     time.Duration // from this machine's clock to the server's
	executable os.FileInfo   // at the first start, where a running program's file can't be started otherwise
	senders    []sender      // that were not waited for yet
}

// Start tells the client the version of the program, and that the program runs today. Call it once, early in main. It shows
// the notice or asks, if that is due, and makes and sends the day's report, if that is due.
func Start(version string) {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	client.isStarted, client.version = true, cleanVersion(version)
	begin(true)
}

// Allow is for a library's client: the program that uses the library calls it. Without it, the client does nothing.
func Allow() {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	client.isAllowed = true
	if client.isStarted {
		begin(true)
	}
}

// Record notes that an event happened. Whatever is not declared is ignored; a value that a choice does not list becomes "other".
func Record(event string, properties ...Properties) {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	if !client.isStarted {
		return
	}
	now := clock()
	if since := now.Sub(client.decidedAt); since > lookAgain || since < 0 || dayOf(now.Add(client.offset)) != client.day {
		begin(false) // no question in the middle of the program's work
	}
	if !client.now.isOn {
		return
	}
	line, ok := eventLine(event, merged(properties), client.day, client.now)
	if ok {
		appendLine(filepath.Join(client.now.state, "events-"+client.day), line)
	}
}

// Timer begins to measure. The function that it returns stops, and records the event with the seconds in this bucket
// property: defer telemetry.Timer("build", "seconds")()
func Timer(event, property string, properties ...Properties) func(properties ...Properties) {
	began := clock()
	return func(more ...Properties) {
		defer quietly()
		seconds := Properties{property: clock().Sub(began)}
		Record(event, append(append(append([]Properties{}, properties...), more...), seconds)...)
	}
}

// Status returns "on: " or "off: " and why, or "off until " and what it waits for.
func Status() (text string) {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	now := decide()
	switch {
	case now.isOn:
		return "on: " + now.reason
	case now.waitsFor != "":
		return "off until " + now.waitsFor
	}
	return "off: " + now.reason
}

// Enable remembers that the user wants to report. It returns an error if that can't be remembered.
func Enable() (err error) {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	return choose("on")
}

// Disable remembers that the user does not want to report. It returns an error if that can't be remembered.
func Disable() (err error) {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	return choose("off")
}

// Show returns the exact bytes of the next request: with today's report if it is not made yet, otherwise with tomorrow's.
// While the client is off, it shows what would be sent if it were on, and writes nothing.
func Show() (body string) {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	now := decide()
	if !now.isOn {
		now.allowAll()
		var err error
		if now.config, now.state, err = directories(); err != nil {
			return ""
		}
		now.driver = driver()
	}
	mine := readInstallation(now.state)
	day := dayOf(clock().Add(mine.offset))
	isTooEarly := hasToRemember(now, mine, day)
	if mine.secret == nil {
		mine = newInstallation(day)
		if now.isOn && !isTooEarly { // what is shown now is what will be sent
			_ = writeInstallation(now.state, mine)
		}
	}
	queue := readQueue(now.state)
	if !now.isOn || isTooEarly || !isDue(now, mine, day) || exists(filepath.Join(now.state, "queue-"+day)) {
		day = addDays(day, 1)
	}
	if now.mayReport() {
		made, _ := newReport(now, mine, queue, day)
		queue = trimmed(append(queue, queued{day, made}), day)
	}
	return string(requestBody(queue, day))
}

// Sent returns what was sent in the last 30 days: on each line a day, a blank, and the bytes of a request.
func Sent() (lines string) {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	for _, state := range stateDirectories() {
		content, _ := os.ReadFile(filepath.Join(state, "sent"))
		lines += recentLines(string(content), dayOf(clock().Add(readInstallation(state).offset)))
	}
	return lines
}

// Forget deletes all files of this client but a choice of "off". The next report is one of a new installation.
func Forget() (err error) {
	defer quietly()
	client.Lock()
	defer client.Unlock()
	config, _, err := directories()
	if err != nil {
		return err
	}
	for _, state := range stateDirectories() {
		for _, name := range namesIn(state) {
			if isOurs(name) {
				err = firstError(err, os.Remove(filepath.Join(state, name)))
			}
		}
		_ = os.Remove(state) // if nothing else is in it
	}
	if readChoice(config).value != "off" {
		if problem := os.Remove(filepath.Join(config, "choice")); !errors.Is(problem, os.ErrNotExist) {
			err = firstError(err, problem)
		}
		_ = os.Remove(config)
	}
	if client.isStarted {
		client.now = decide()
	}
	return err
}

// Verify compares what this client may report with what the server publishes, and returns in words what differs. It asks the
// server, for at most 10 seconds; while the client is off, it does not.
func Verify() (text string) {
	defer quietly()
	client.Lock()
	now := decide()
	client.Unlock() // nothing else waits for the network
	if !now.isOn {
		return "Telemetry is off (" + now.reason + now.waitsFor + "), so the server was not asked. See " + about
	}
	var published struct {
		Schema string   `json:"schema"`
		Fields []string `json:"fields"`
	}
	status, content, err := ask("GET", about+"declaration.json", nil)
	if err != nil {
		return "The server could not be asked: " + err.Error()
	}
	if status != http.StatusOK || json.Unmarshal(content, &published) != nil {
		return fmt.Sprintf("The server could not be asked: its answer has status %d.", status)
	}
	if published.Schema == schema {
		return "The server publishes the same schema, " + schema + "."
	}
	lines := []string{"This program has schema " + schema + ", the server publishes " + published.Schema + "."}
	for _, field := range without(fields, published.Fields) {
		lines = append(lines, "Only this program has: "+field)
	}
	for _, field := range without(published.Fields, fields) {
		lines = append(lines, "Only the server has: "+field)
	}
	return strings.Join(lines, "\n")
}

// quietly ends a panic: nothing that goes wrong here may harm the program.
func quietly() {
	_ = recover()
}

// ---- Whether it may report

// decision is whether the client may record, and in which way.
type decision struct {
	isOn     bool
	reason   string
	waitsFor string // what has to happen before anything is recorded
	tells    bool   // the user has to be told, or asked, before anything or before more is recorded
	isFree   bool   // nobody has to be told: the user switched it on by the variable, or nobody is there
	driver   string
	config   string // directories
	state    string
	choice   choice
	allowed  map[string]bool // the fields that may be recorded
}

// mayReport is false if the user does not know yet that the country is counted: that is found out from any report.
func (now decision) mayReport() bool {
	return now.allowed["country"] || !contains(fields, "country")
}

// decide asks all switches in the order of the contract; the first that speaks decides. Off, it costs reads of the
// environment, one stat, and the reading of the choice.
func decide() decision {
	refuse := func(reason string) decision { return decision{reason: reason} }
	no := environmentPrefix + "_TELEMETRY"
	word := strings.TrimSpace(os.Getenv(no))
	if _, isSender := os.LookupEnv(senderVariable()); isSender {
		return refuse("this is the process that sends") // or its descendant: so there never is a chain of senders
	}
	if off != "" {
		return refuse("it was switched off by who packaged " + programName)
	}
	if _, err := os.Stat("/etc/footfall/off"); err == nil {
		return refuse("/etc/footfall/off exists")
	}
	if isSet("DO_NOT_TRACK") {
		return refuse("DO_NOT_TRACK is set")
	}
	if word != "" && isNo(word) {
		return refuse(no + " is " + word)
	}
	config, state, placeless := directories()
	now := decision{config: config, state: state, choice: readChoice(config), isFree: isForced()}
	inCI, byAgent := firstSet(ciVariables), firstSet(agentVariables)
	if !now.isFree {
		for _, name := range []string{no + "_DISABLED", "TELEMETRY_DISABLED", "DISABLE_TELEMETRY"} {
			if isSet(name) {
				return refuse(name + " is set")
			}
		}
		switch {
		case now.choice.value == "off":
			return refuse("you chose it")
		case programMode == "off" && now.choice.value != "on":
			return refuse("it is off unless you enable it")
		case inCI != "" && !reportsFromCI:
			return refuse("a CI system runs it (" + inCI + " is set)")
		case byAgent != "" && inCI == "" && !reportsFromAgents:
			return refuse("a coding agent runs it (" + byAgent + " is set)")
		}
		now.isFree = inCI != "" && programMode == "notice"
	}
	if placeless == nil {
		placeless = firstError(firstError(canRemember(config), canRemember(state)), now.choice.problem)
	}
	if placeless != nil {
		return refuse(placeless.Error())
	}
	if programKind == "library" && !client.isAllowed {
		return refuse("the program that uses it did not allow it")
	}
	now.driver = driver()
	if now.driver == "ci" || now.driver == "agent" { // apart, so that their reports never take the place of a person's
		now.state = filepath.Join(state, now.driver)
	}
	now.consider(inCI+byAgent != "")
	return now
}

// consider works out what the user was told.
func (now *decision) consider(isUnattended bool) {
	now.allowed = now.choice.fields
	if now.isFree || now.choice.value == "on" && now.choice.schema == "" { // somebody wrote it by hand, and means all
		now.allowAll()
	}
	isNew := false
	for _, field := range fields {
		isNew = isNew || !now.allowed[field]
	}
	isTold := now.choice.value == "on" || (programMode == "notice" && now.choice.told != "")
	now.isOn = now.isFree || isTold
	now.tells = !isUnattended && (!now.isOn || isNew && now.choice.declined != schema)
	variable := environmentPrefix + "_TELEMETRY"
	switch {
	case !now.isOn && programMode == "notice":
		now.waitsFor = "the notice was shown on a terminal"
	case !now.isOn:
		now.waitsFor = "you agree, on a terminal"
	case now.isFree && os.Getenv(variable) != "":
		now.reason = variable + " is set"
	case now.isFree:
		now.reason = "it may report from CI systems"
	case now.choice.value == "on":
		now.reason = "you chose it"
	default:
		now.reason = "you were told on " + now.choice.told
	}
}

func (now *decision) allowAll() {
	now.allowed = map[string]bool{}
	for _, field := range fields {
		now.allowed[field] = true
	}
}

func isNo(word string) bool {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "0", "false", "no", "off":
		return true
	}
	return false
}

func isSet(variable string) bool {
	value := os.Getenv(variable)
	return value != "" && !isNo(value)
}

// isForced tells whether the program's own variable means on.
func isForced() bool {
	word := strings.TrimSpace(os.Getenv(environmentPrefix + "_TELEMETRY"))
	return word != "" && !isNo(word)
}

func firstSet(variables []string) string {
	for _, name := range variables {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

func driver() string {
	switch {
	case firstSet(ciVariables) != "":
		return "ci"
	case firstSet(agentVariables) != "":
		return "agent"
	case programKind == "server":
		return "server"
	case exists("/.dockerenv"), exists("/run/.containerenv"), os.Getenv("KUBERNETES_SERVICE_HOST") != "":
		return "container"
	}
	return "person"
}

// ---- Where it remembers

// directories returns the directory of the choice and that of everything else. They are one on Windows.
func directories() (config, state string, err error) {
	if os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() {
		// Otherwise who starts a setuid program could have files written in any place, by variables such as HOME.
		return "", "", errors.New("the program runs with the rights of somebody else")
	}
	if runtime.GOOS == "windows" {
		local := os.Getenv("LOCALAPPDATA")
		if !filepath.IsAbs(local) {
			return "", "", errors.New("LOCALAPPDATA names no directory")
		}
		both := filepath.Join(local, programID, "telemetry")
		return both, both, nil
	}
	config, state = os.Getenv("XDG_CONFIG_HOME"), os.Getenv("XDG_STATE_HOME")
	home := os.Getenv("HOME")
	if !filepath.IsAbs(config) { // the specification says to ignore a relative one
		config = filepath.Join(home, ".config")
	}
	if !filepath.IsAbs(state) {
		state = filepath.Join(home, ".local", "state")
	}
	if !filepath.IsAbs(config) || !filepath.IsAbs(state) {
		return "", "", errors.New("there is no home directory")
	}
	return filepath.Join(config, programID, "telemetry"), filepath.Join(state, programID, "telemetry"), nil
}

// canRemember returns an error if a directory, which need not exist yet, can't be written. It changes nothing to find out:
// access(2) is not in the package syscall of all systems, and a single file can't have build tags.
func canRemember(directory string) error {
	readOnly := fmt.Errorf("%s can't be written", directory)
	if home := os.Getenv("HOME"); strings.HasPrefix(directory, home) && home != "" && !exists(home) {
		return readOnly // a home such as /nonexistent must not be made
	}
	info, err := os.Stat(directory)
	for errors.Is(err, os.ErrNotExist) && filepath.Dir(directory) != directory {
		directory = filepath.Dir(directory)
		info, err = os.Stat(directory)
	}
	if err != nil || !info.IsDir() {
		return readOnly
	}
	user := os.Geteuid()
	owner, hasOwner := systemField(info, "Uid")
	group, _ := systemField(info, "Gid")
	bits := info.Mode().Perm()
	switch {
	case !hasOwner: // Windows
		return nil
	case user == 0 && owner != 0:
		return errors.New("root runs it in the home of somebody else") // sudo: its files would stay there
	case user == 0:
		bits = 0o300
	case uint64(user) == owner:
		bits &= 0o300
	case isMember(group):
		bits = bits << 3 & 0o300
	default:
		bits = bits << 6 & 0o300
	}
	if bits != 0o300 || isReadOnlyMount(directory) {
		return readOnly
	}
	return nil
}

// systemField returns a number of syscall.Stat_t by name. By reflection, because Windows has no such type.
func systemField(info os.FileInfo, name string) (uint64, bool) {
	system := reflect.Indirect(reflect.ValueOf(info.Sys()))
	if system.Kind() != reflect.Struct {
		return 0, false
	}
	switch field := system.FieldByName(name); {
	case field.IsValid() && field.CanUint():
		return field.Uint(), true
	case field.IsValid() && field.CanInt():
		return uint64(field.Int()), true
	}
	return 0, false
}

func isMember(group uint64) bool {
	groups, _ := os.Getgroups()
	for _, one := range append(groups, os.Getegid()) {
		if uint64(one) == group {
			return true
		}
	}
	return false
}

// isReadOnlyMount tells by Linux's table of mounts, the only way without trying to write. Elsewhere, trying fails in silence.
func isReadOnlyMount(directory string) bool {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	if real, err := filepath.EvalSymlinks(directory); err == nil {
		directory = real
	}
	escaped := strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`).Replace(directory)
	longest, isReadOnly := 0, false
	for _, line := range strings.Split(string(table), "\n") {
		words := strings.Fields(line)
		if len(words) < 6 {
			continue
		}
		point := strings.TrimSuffix(words[4], "/") + "/"
		if strings.HasPrefix(escaped+"/", point) && len(point) >= longest { // a later mount covers an earlier one
			longest = len(point)
			isReadOnly = hasOption(words[5], "ro") || hasOption(words[len(words)-1], "ro") // the mount's, or its disk's
		}
	}
	return isReadOnly
}

func hasOption(options, name string) bool {
	return contains(strings.Split(options, ","), name)
}

// stateDirectories are that of persons, and those of CI systems and agents.
func stateDirectories() []string {
	_, state, err := directories()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(state, "ci"), filepath.Join(state, "agent"), state}
}

// ---- What the user chose, and was told

type choice struct {
	value    string // on, off, or nothing after a notice
	schema   string
	told     string // the day
	fields   map[string]bool
	declined string // a schema
	problem  error
}

func readChoice(config string) choice {
	read := choice{fields: map[string]bool{}}
	if config == "" {
		return read
	}
	path := filepath.Join(config, "choice")
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		read.problem = fmt.Errorf("%s can't be read", path) // it may say off
	}
	for _, line := range linesOf(content) {
		switch key, value, _ := strings.Cut(line, " "); key {
		case "choice":
			if value == "on" || value == "off" {
				read.value = value
			}
		case "schema":
			read.schema = value
		case "told":
			read.told = dayOrNothing(value)
		case "field":
			read.fields[value] = true
		case "declined":
			read.declined = value
		}
	}
	return read
}

func (chosen choice) text() []byte {
	if chosen.value == "off" {
		return []byte("choice off\n")
	}
	var text bytes.Buffer
	write := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&text, "%s %s\n", key, value)
		}
	}
	write("choice", chosen.value)
	write("schema", chosen.schema)
	write("told", chosen.told)
	for _, field := range sortedKeys(chosen.fields) {
		write("field", field)
	}
	write("declined", chosen.declined)
	return text.Bytes()
}

// choose remembers what the user chose by a call. The person who makes it wants it even while a variable means off.
func choose(value string) error {
	config, state, err := directories()
	if err == nil {
		err = canRemember(config)
	}
	if err != nil {
		return err
	}
	chosen := readChoice(config) // if it can't be read, it is replaced
	chosen.value, chosen.schema, chosen.declined = value, schema, ""
	chosen.told = dayOf(clock().Add(readInstallation(state).offset))
	for _, field := range fields {
		chosen.fields[field] = true
	}
	err = replace(filepath.Join(config, "choice"), chosen.text())
	if client.isStarted {
		client.now = decide()
	}
	return err
}

// tell shows the notice or asks the question, and remembers that. What can't be remembered is not shown: it would come again
// with each run.
func tell(now decision) {
	chosen := now.choice
	isWider := now.isOn
	if chosen.told == "" {
		chosen.told = dayOf(clock().Add(readInstallation(now.state).offset))
	}
	told := map[string]bool{}
	for _, field := range append(append([]string{}, fields...), sortedKeys(chosen.fields)...) {
		told[field] = true
	}
	path := filepath.Join(now.config, "choice")
	if programMode == "notice" {
		chosen.fields, chosen.schema = told, schema
		prepared, err := prepare(path, chosen.text())
		if err != nil {
			return
		}
		if _, err := io.WriteString(os.Stderr, notice(isWider)); err != nil {
			_ = os.Remove(prepared)
			return
		}
		_ = os.Rename(prepared, path)
		return
	}
	if !isInForeground() {
		return // reading from the terminal would stop the program
	}
	prepared, err := prepare(path, chosen.text()) // only to see whether it could be remembered
	if err != nil {
		return
	}
	_ = os.Remove(prepared)
	if _, err := io.WriteString(os.Stderr, question(isWider)); err != nil {
		return
	}
	isYes := answer()
	switch {
	case isYes:
		chosen.value, chosen.fields, chosen.schema, chosen.declined = "on", told, schema, ""
	case isWider:
		chosen.declined = schema
	default:
		chosen.value = "off"
	}
	_ = replace(path, chosen.text())
}

func notice(isWider bool) string {
	beginning := programName + " reports"
	if isWider {
		beginning = "This version of " + programName + " reports more about"
	}
	return beginning + " how it is used, once a day and anonymously, from tomorrow on.\n" + programWhy + "\n" +
		"What it sends: " + about + "\nTo switch it off, set " + environmentPrefix + "_TELEMETRY=off\n"
}

func question(isWider bool) string {
	beginning := "May " + programName + " report"
	if isWider {
		beginning = "May this version of " + programName + " report more about"
	}
	return beginning + " how it is used, once a day and anonymously?\n" + programWhy + "\n" +
		"What it would send: " + about + "\nYes or no? [y/N] "
}

// answer reads one line, byte by byte, so that what follows it stays for the program.
func answer() bool {
	var line []byte
	one := make([]byte, 1)
	for len(line) < 100 {
		if count, err := os.Stdin.Read(one); err != nil || count == 0 || one[0] == '\n' {
			break
		}
		line = append(line, one[0])
	}
	word := strings.ToLower(strings.TrimSpace(string(line)))
	return word == "y" || word == "yes"
}

func isOnTerminal() bool {
	return isTerminal(os.Stdin) && isTerminal(os.Stderr)
}

// isTerminal tells a terminal from other character devices, such as /dev/null.
func isTerminal(file *os.File) (is bool) {
	defer quietly() // in doubt, it is none, and nothing is shown
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	if runtime.GOOS == "windows" {
		// NUL looks the same from outside. Package os knows a console (the third of its kinds of files), and does not say.
		kind := reflect.ValueOf(file).Elem().FieldByName("file").Elem().FieldByName("pfd").FieldByName("kind")
		return kind.IsValid() && kind.CanUint() && kind.Uint() == 2
	}
	null, err := os.Stat(os.DevNull)
	if err != nil {
		return false
	}
	device, isKnown := systemField(info, "Rdev")
	nullDevice, _ := systemField(null, "Rdev")
	if runtime.GOOS == "linux" && device>>8&0xfff == nullDevice>>8&0xfff {
		return false // /dev/zero and the like
	}
	return isKnown && device != nullDevice
}

// isInForeground is false for a program in the background of a shell. It is known on Linux only: process group and the
// terminal's foreground group in /proc/self/stat, -1 where the terminal controls nobody.
func isInForeground() bool {
	content, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return true
	}
	words := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	return len(words) < 6 || words[5] == "-1" || words[2] == words[5]
}

// ---- What is recorded

func merged(all []Properties) Properties {
	one := Properties{}
	for _, properties := range all {
		for name, value := range properties {
			one[name] = value
		}
	}
	return one
}

func declaredAs(name string) *declaredEvent {
	for number := range events {
		if events[number].name == name {
			return &events[number]
		}
	}
	return nil
}

func (event *declaredEvent) property(name string) *declaredProperty {
	for number := range event.properties {
		if event.properties[number].name == name {
			return &event.properties[number]
		}
	}
	return nil
}

// eventLine returns the line of an event in its day's file, without what may not be recorded.
func eventLine(name string, properties Properties, day string, now decision) (string, bool) {
	event := declaredAs(name)
	if event == nil || !now.allowed[name] || event.until != "" && day > event.until {
		return "", false
	}
	words := []string{name}
	for _, key := range sortedKeys(properties) {
		property := event.property(key)
		if property == nil || properties[key] == nil {
			continue
		}
		if text, ok := property.text(properties[key]); ok {
			if text, ok = now.permitted(name, property, text); ok {
				words = append(words, key+"="+text)
			}
		}
	}
	return strings.Join(words, " ") + "\n", true
}

// text returns a value as it stands in an event's line. A bucket's is the number of its bin.
func (property *declaredProperty) text(value any) (string, bool) {
	switch property.kind {
	case "choice":
		text := fmt.Sprint(value)
		if contains(property.values, text) {
			return text, true
		}
		return other, true
	case "flag":
		if reflect.ValueOf(value).Kind() == reflect.Bool {
			return strconv.FormatBool(reflect.ValueOf(value).Bool()), true
		}
	case "version":
		if reflect.ValueOf(value).Kind() == reflect.String {
			return cleanVersion(reflect.ValueOf(value).String()), true
		}
	case "bucket":
		if number, ok := numberOf(value); ok {
			bin := 0
			for bin < len(property.bounds) && number >= property.bounds[bin] {
				bin++
			}
			return strconv.Itoa(bin), true
		}
	}
	return "", false
}

func numberOf(value any) (number float64, ok bool) {
	if duration, isDuration := value.(time.Duration); isDuration {
		return duration.Seconds(), true
	}
	switch one := reflect.ValueOf(value); {
	case !one.IsValid():
		return 0, false
	case one.CanInt():
		return float64(one.Int()), true
	case one.CanUint():
		return float64(one.Uint()), true
	case one.CanFloat():
		return one.Float(), !math.IsNaN(one.Float())
	}
	return 0, false
}

// permitted returns what may be recorded of a value, given what the user was told.
func (now decision) permitted(event string, property *declaredProperty, text string) (string, bool) {
	path := event + "." + property.name
	switch property.kind {
	case "choice":
		isAny := false
		for _, value := range property.values {
			isAny = isAny || now.allowed[path+"="+value]
		}
		if !now.allowed[path+"="+text] {
			text = other
		}
		return text, isAny
	case "bucket":
		for field, isAllowed := range now.allowed { // its bounds are part of the field
			if isAllowed && strings.HasPrefix(field, path+" bucket ") {
				return text, true
			}
		}
		return "", false
	}
	return text, now.allowed[path+" "+property.kind]
}

// appendLine adds a line to a day's events by one write, which no other process's can interrupt.
func appendLine(path, line string) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		if os.MkdirAll(filepath.Dir(path), 0o700) == nil {
			file, err = os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
		}
	}
	if err != nil {
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size()+int64(len(line)) >= maxEventBytes {
		return
	}
	last := make([]byte, 1)
	if info.Size() > 0 {
		if _, err := file.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			line = " \n" + line // a process was killed while it wrote, or the disk was full: that line is not valid
		}
	}
	_, _ = file.WriteString(line)
}

var versionForm = `^[0-9]{1,6}(\.[0-9]{1,6}){0,3}` +
	`([-.]?(a|alpha|b|beta|rc|pre|preview|dev|post|nightly|snapshot)[-.]?[0-9]{0,8})?$`

func cleanVersion(version string) string {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "+")
	if len(version) <= 40 && regexp.MustCompile(versionForm).MatchString(version) {
		return version
	}
	return other
}

// ---- The day's report

type installation struct {
	secret   []byte
	since    string // an ISO week
	last     string // the day of the last report
	version  string // in it
	verified string // the last day on which a server answered
	offset   time.Duration
	used     map[string]string // the last day of use of each event in any report
}

type report struct {
	ID      string `json:"id"`
	Day     string `json:"day"`
	Gap     *int   `json:"gap"`
	Since   string `json:"since"`
	Version string `json:"version"`
	From    string `json:"from,omitempty"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Runtime string `json:"runtime"`
	Driver  string `json:"driver"`
	Used    []use  `json:"used"`
}

type use struct {
	Day    string           `json:"day"`
	Event  string           `json:"event"`
	Number int              `json:"n"`
	Gap    *int             `json:"gap"`
	Values map[string]any   `json:"p,omitempty"`
	Bins   map[string][]int `json:"h,omitempty"`
}

// queued is a report that the server does not have yet, as it stands in its file.
type queued struct {
	day     string
	content []byte
}

// begin decides again, and does what is due on this day.
func begin(mayTell bool) {
	reap()
	client.now, client.decidedAt = decide(), clock()
	if mayTell && client.now.tells && isOnTerminal() {
		tell(client.now)
		client.now = decide()
	}
	client.day = dayOf(client.decidedAt)
	if !client.now.isOn {
		return
	}
	rememberExecutable()
	mine := readInstallation(client.now.state)
	client.offset = mine.offset
	client.day = dayOf(client.decidedAt.Add(client.offset))
	if isDue(client.now, mine, client.day) && client.now.mayReport() {
		reportToday(client.now, mine, client.day)
	}
}

// isDue tells whether a day has no report yet. The day of the notice, which a wrong clock may have shown, only matters before
// the first report.
func isDue(now decision, mine installation, day string) bool {
	return day != mine.last && (now.isFree || mine.last != "" || day != now.choice.told)
}

// hasToRemember tells whether a server was never here on another day, as one in a container that is new each day.
func hasToRemember(now decision, mine installation, day string) bool {
	if now.driver != "server" || mine.secret != nil {
		return false
	}
	for _, name := range namesIn(now.state) {
		if strings.HasPrefix(name, "claim-") && name != "claim-"+day {
			return false
		}
	}
	return true
}

// reportToday makes the report and starts the sender, in the one process that creates the day's claim.
func reportToday(now decision, mine installation, day string) {
	if os.MkdirAll(now.state, 0o700) != nil {
		return
	}
	claim := filepath.Join(now.state, "claim-"+day)
	file, err := os.OpenFile(claim, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	_ = file.Close()
	mine = readInstallation(now.state) // another process may have reported since
	if !isDue(now, mine, day) || hasToRemember(now, mine, day) {
		return
	}
	if mine.secret == nil {
		mine = newInstallation(day)
		if writeInstallation(now.state, mine) != nil {
			_ = os.Remove(claim)
			return
		}
	}
	queue := readQueue(now.state)
	content, next := newReport(now, mine, queue, day)
	if replace(filepath.Join(now.state, "queue-"+day), content) != nil {
		_ = os.Remove(claim) // a full disk: perhaps it has room later today
		return
	}
	if writeInstallation(now.state, next) != nil {
		return // the queue tells the next day what was reported
	}
	kept := trimmed(append(queue, queued{day, content}), day)
	removeOld(now.state, kept, day)
	removeLeftOvers(now.state)
	removeLeftOvers(now.config)
	startSender(requestBody(kept, day))
}

// newReport returns the report of a day, and what the installation remembers after it.
func newReport(now decision, mine installation, queue []queued, day string) ([]byte, installation) {
	next := mine
	next.used = map[string]string{}
	for name, used := range mine.used {
		next.used[name] = used
	}
	for _, one := range queue { // of a process that was killed before it could write the installation
		var earlier report
		if one.day > mine.last && one.day < day && json.Unmarshal(one.content, &earlier) == nil {
			next.version = earlier.Version
			for _, entry := range earlier.Used {
				next.used[entry.Event] = entry.Day
			}
		}
	}
	previous := previousDay(mine, queue, day)
	isFirst := previous == "" && mine.verified == "" // else the clock is behind the server's, which will tell
	if isFirst {
		next.used, next.version = map[string]string{}, ""
	}
	made := report{
		ID: mine.id(day), Day: day, Gap: gapBetween(previous, day), Since: mine.since, Version: client.version,
		OS: systemName(), Arch: architecture(), Runtime: runtimeName(), Driver: now.driver,
	}
	if made.Version == "" {
		made.Version = other
	}
	switch {
	case isFirst || made.Since == "" && previous == "":
		made.Since = weekOf(day)
	case previous != "" && (made.Since == "" || made.Since > weekOf(previous)):
		made.Since = weekOf(previous)
	}
	if next.version != "" && next.version != made.Version {
		made.From = next.version
	}
	made.Used = summedUp(now, next.used, previous, day)
	next.since, next.last, next.version = made.Since, day, made.Version
	return shortened(made), next
}

// shortened returns a report as it stands in its file. Of a longer one, the oldest uses are left out.
func shortened(made report) []byte {
	used := made.Used
	contentWithout := func(oldest int) []byte {
		made.Used = used[oldest:]
		content, _ := json.Marshal(made)
		return content
	}
	return contentWithout(sort.Search(len(used), func(oldest int) bool {
		return len(contentWithout(oldest)) <= maxReport
	}))
}

// previousDay is the latest day before a day on which a report was made.
func previousDay(mine installation, queue []queued, day string) string {
	latest := ""
	for _, one := range append(queue, queued{day: mine.last}, queued{day: mine.verified}) {
		if one.day < day && one.day > latest {
			latest = one.day
		}
	}
	return latest
}

// summedUp returns what was used on the days before a day that no report had, and notes the last use of each event.
func summedUp(now decision, lastUsed map[string]string, previous, day string) []use {
	used, known := []use{}, map[string]string{}
	for event, last := range lastUsed {
		known[event] = last
	}
	for _, name := range namesIn(now.state) {
		on := strings.TrimPrefix(name, "events-")
		if on == name || !isDay(on) || on >= day || on < previous {
			continue
		}
		sums := map[string]*use{}
		for _, line := range completeLines(filepath.Join(now.state, name)) {
			now.addLine(sums, line, on)
		}
		ofThisDay := map[string]bool{}
		for _, key := range sortedKeys(sums) {
			entry := sums[key]
			last := lastUsed[entry.Event]
			if last < addDays(day, -maxDays) { // this report is too late for that use: no server knows it
				last = known[entry.Event]
			}
			entry.Gap = gapBetween(last, on)
			ofThisDay[entry.Event] = true
			used = append(used, *entry)
		}
		for event := range ofThisDay {
			lastUsed[event] = on
		}
	}
	if len(used) > maxUsed {
		used = used[len(used)-maxUsed:]
	}
	return used
}

// addLine adds one use to the sums of its day, by event and values. A line that is not wholly valid is ignored.
func (now decision) addLine(sums map[string]*use, line, day string) {
	words := strings.Split(line, " ")
	event := declaredAs(words[0])
	if event == nil || !now.allowed[event.name] || event.until != "" && day > event.until {
		return
	}
	values, bins, key, previous := map[string]any{}, map[string]int{}, event.name, ""
	for _, word := range words[1:] {
		name, text, hasValue := strings.Cut(word, "=")
		property := event.property(name)
		if !hasValue || name <= previous || property != nil && !property.admits(text) {
			return
		}
		previous = name
		if property == nil { // of an older release
			continue
		}
		text, isPermitted := now.permitted(event.name, property, text)
		switch {
		case !isPermitted:
			continue
		case property.kind == "bucket":
			bins[name], _ = strconv.Atoi(text)
			continue
		case property.kind == "flag":
			values[name] = text == "true"
		default:
			values[name] = text
		}
		key += " " + name + "=" + text
	}
	sum := sums[key]
	if sum == nil {
		sum = &use{Day: day, Event: event.name, Values: values, Bins: map[string][]int{}}
		sums[key] = sum
	}
	sum.Number++
	for name, bin := range bins {
		if sum.Bins[name] == nil {
			sum.Bins[name] = make([]int, len(event.property(name).bounds)+1)
		}
		sum.Bins[name][bin]++
	}
}

// admits tells whether a text may stand in an event's line.
func (property *declaredProperty) admits(text string) bool {
	switch property.kind {
	case "choice":
		return true // one that is not declared any more counts as other
	case "flag":
		return text == "true" || text == "false"
	case "version":
		return cleanVersion(text) == text
	}
	bin, err := strconv.Atoi(text)
	return err == nil && bin >= 0 && bin <= len(property.bounds) && strconv.Itoa(bin) == text
}

// trimmed returns what of a queue is kept: the newest, by number, days and bytes.
func trimmed(queue []queued, day string) []queued {
	bytes, first := 0, len(queue)
	for first > 0 {
		one := queue[first-1]
		bytes += len(one.content)
		if bytes > maxQueueBytes || len(queue)-first >= maxDays || one.day < addDays(day, -maxDays) {
			break
		}
		first--
	}
	return queue[first:]
}

// removeOld deletes what is in the report of a day, and what nobody needs any more.
func removeOld(state string, kept []queued, day string) {
	isKept := map[string]bool{"claim-" + day: true}
	for _, one := range kept {
		isKept["queue-"+one.day] = true
	}
	for _, name := range namesIn(state) {
		kind, of, _ := strings.Cut(name, "-")
		// A claim of a day to come is of a clock that was wrong: nobody would report on that day.
		isOld := isDay(of) && (kind == "claim" || kind == "queue" || kind == "events" && of < day)
		if isOld && !isKept[name] {
			_ = os.Remove(filepath.Join(state, name))
		}
	}
}

// removeLeftOvers deletes what processes prepared that were killed then.
func removeLeftOvers(directory string) {
	for _, name := range namesIn(directory) {
		path := filepath.Join(directory, name)
		info, err := os.Stat(path)
		if err == nil && strings.Contains(name, ".new") && time.Since(info.ModTime()) > time.Minute {
			_ = os.Remove(path)
		}
	}
}

// requestBody returns the bytes of a request.
func requestBody(queue []queued, day string) []byte {
	request := struct {
		V       int               `json:"v"`
		Schema  string            `json:"schema"`
		Today   string            `json:"today"`
		Reports []json.RawMessage `json:"reports"`
	}{V: 1, Schema: schema, Today: day, Reports: []json.RawMessage{}}
	for _, one := range queue {
		request.Reports = append(request.Reports, one.content)
	}
	body, _ := json.Marshal(request)
	return body
}

func readQueue(state string) []queued {
	var queue []queued
	for _, name := range namesIn(state) { // sorted, so the oldest come first
		day := strings.TrimPrefix(name, "queue-")
		if day == name || !isDay(day) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(state, name))
		var read report
		if err == nil && json.Unmarshal(content, &read) == nil && read.Day == day {
			queue = append(queue, queued{day, bytes.TrimSpace(content)})
		}
	}
	return queue
}

func newInstallation(day string) installation {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		panic(err) // no report without a secret
	}
	return installation{secret: secret, since: weekOf(day), used: map[string]string{}}
}

// id makes repeats and copies of a day's report fall together. Days can't be linked.
func (mine installation) id(day string) string {
	hash := hmac.New(sha256.New, mine.secret)
	hash.Write([]byte(day))
	return hex.EncodeToString(hash.Sum(nil))[:32]
}

func readInstallation(state string) installation {
	mine := installation{used: map[string]string{}}
	content, _ := os.ReadFile(filepath.Join(state, "installation"))
	for _, line := range linesOf(content) {
		switch key, value, _ := strings.Cut(line, " "); key {
		case "secret":
			if secret, err := hex.DecodeString(value); err == nil && len(secret) == 32 {
				mine.secret = secret
			}
		case "since":
			mine.since = value
		case "last":
			mine.last = dayOrNothing(value)
		case "version":
			mine.version = value
		case "verified":
			mine.verified = dayOrNothing(value)
		case "offset":
			if seconds, err := strconv.ParseInt(value, 10, 64); err == nil && seconds > -1e10 && seconds < 1e10 {
				mine.offset = time.Duration(seconds) * time.Second
			}
		case "used":
			if event, day, _ := strings.Cut(value, " "); isDay(day) {
				mine.used[event] = day
			}
		}
	}
	if mine.secret == nil {
		return installation{used: map[string]string{}, offset: mine.offset}
	}
	return mine
}

func writeInstallation(state string, mine installation) error {
	var text bytes.Buffer
	write := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&text, "%s %s\n", key, value)
		}
	}
	write("secret", hex.EncodeToString(mine.secret))
	write("since", mine.since)
	write("last", mine.last)
	write("version", mine.version)
	if mine.offset != 0 {
		write("offset", strconv.FormatInt(int64(mine.offset/time.Second), 10))
	}
	write("verified", mine.verified)
	for _, event := range sortedKeys(mine.used) {
		write("used", event+" "+mine.used[event])
	}
	return replace(filepath.Join(state, "installation"), text.Bytes())
}

func systemName() string {
	switch runtime.GOOS {
	case "darwin":
		return "macos"
	case "linux", "windows", "freebsd", "openbsd", "netbsd", "android", "ios":
		return runtime.GOOS
	}
	return other
}

func architecture() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86-64"
	case "386":
		return "x86"
	case "arm64", "arm", "riscv64", "ppc64le", "s390x":
		return runtime.GOARCH
	}
	return other
}

// runtimeName is such as go1.22, also for go1.22rc1 and devel go1.22-abcdef.
func runtimeName() string {
	if name := regexp.MustCompile(`go[0-9]{1,3}\.[0-9]{1,3}`).FindString(runtime.Version()); name != "" {
		return name
	}
	return "go"
}

// ---- Sending

func senderVariable() string {
	return environmentPrefix + "_TELEMETRY_SENDER"
}

func senderName() string {
	return programID + "-telemetry"
}

// init takes over the process that sends. Everything it needs is in this file or comes through its standard input, which has
// reports only: no variable and no argument could make it post to another place. It ends here whatever happens.
func init() {
	// The name keeps a program from vanishing in whose environment somebody leaves the variable.
	if os.Getenv(senderVariable()) != "1" || len(os.Args) != 1 || os.Args[0] != senderName() {
		return
	}
	defer os.Exit(0)
	defer quietly()
	time.AfterFunc(senderLimit, func() { os.Exit(1) })
	closeInherited()
	send()
}

// startSender starts this program a second time, to send. Neither it nor a goroutine waits for that process.
func startSender(body []byte) {
	path := executable()
	if _, isSender := os.LookupEnv(senderVariable()); isSender || path == "" {
		return
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return
	}
	defer writer.Close()
	defer reader.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer null.Close()
	temporary := os.TempDir()
	if !exists(temporary) {
		temporary = string(filepath.Separator)
	}
	attributes := &os.ProcAttr{
		Dir:   temporary, // it keeps no directory of the user's busy
		Env:   append(os.Environ(), senderVariable()+"=1"),
		Files: []*os.File{reader, null, null}, // who reads the program's output to its end doesn't wait for the sender
		Sys:   apart(),
	}
	process, err := os.StartProcess(path, []string{senderName()}, attributes)
	if err != nil {
		return
	}
	client.senders = append(client.senders, sender{process, time.Now()})
	// Pipes of Linux and macOS have room for all of it. On Windows, without deadlines, this waits until the sender reads.
	_ = writer.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = writer.Write(body)
}

// apart makes a process one of its own session (Unix) or without a window (Windows). By reflection, because the fields
// differ between systems, and a single file can't have build tags.
func apart() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{}
	fields := reflect.ValueOf(attributes).Elem()
	if setsid := fields.FieldByName("Setsid"); setsid.IsValid() {
		setsid.SetBool(true)
	}
	if flags := fields.FieldByName("CreationFlags"); flags.IsValid() {
		flags.SetUint(0x08000000 | 0x00000200) // CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP
	}
	return attributes
}

// executable returns the path of this very program, or nothing: what an upgrade put in its place may be anything else.
func executable() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "-buildmode" && (strings.HasPrefix(setting.Value, "c-") || setting.Value == "plugin") {
				return "" // a library: the executable is another's, such as an interpreter
			}
		}
	}
	if runtime.GOOS == "linux" || runtime.GOOS == "android" {
		if exists("/proc/self/exe") {
			return "/proc/self/exe" // the file that runs, even if its path has another now
		}
		return ""
	}
	path, err := os.Executable()
	if err != nil || client.executable == nil {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil || !os.SameFile(info, client.executable) || !info.ModTime().Equal(client.executable.ModTime()) {
		return ""
	}
	return path
}

func rememberExecutable() {
	if client.executable != nil || runtime.GOOS == "linux" || runtime.GOOS == "android" {
		return
	}
	if path, err := os.Executable(); err == nil {
		client.executable, _ = os.Stat(path)
	}
}

type sender struct {
	*os.Process
	startedAt time.Time
}

// reap ends the entries of earlier senders in the system's table of processes. None lives that long, so it never waits.
func reap() {
	for len(client.senders) > 0 && time.Since(client.senders[0].startedAt) > 3*senderLimit {
		_, _ = client.senders[0].Wait()
		client.senders = client.senders[1:]
	}
}

// closeInherited closes files that the program inherited without asking, such as the lock of a script, and would keep as long
// as the server is silent. Linux only, where an inherited file is known by its flags: all of Go's own are closed on exec.
func closeInherited() {
	const closeOnExec = 0o2000000
	for _, name := range namesIn("/proc/self/fdinfo") {
		number, err := strconv.Atoi(name)
		content, _ := os.ReadFile("/proc/self/fdinfo/" + name)
		_, rest, hasFlags := strings.Cut(string(content), "flags:\t")
		text, _, _ := strings.Cut(rest, "\n")
		flags, problem := strconv.ParseUint(text, 8, 64)
		if err == nil && problem == nil && hasFlags && number > 2 && flags&closeOnExec == 0 {
			_ = os.NewFile(uintptr(number), name).Close()
		}
	}
}

// ask sends one request, and returns the answer's status and content. It follows no redirect: to nowhere but the server.
func ask(method, address string, body []byte) (int, []byte, error) {
	request, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("User-Agent", "footfall-client")
	web := http.Client{
		Timeout:       senderLimit,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := web.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxInput))
	return response.StatusCode, content, err
}

// send posts what comes through standard input, and does with the files what the answer says.
func send() {
	body, err := io.ReadAll(io.LimitReader(os.Stdin, maxInput))
	if err != nil {
		return
	}
	config, state, err := directories()
	if err != nil {
		return
	}
	if who := driver(); who == "ci" || who == "agent" {
		state = filepath.Join(state, who)
	}
	secret := readInstallation(state).secret
	for tries := 0; tries < 2; tries++ {
		var request struct {
			Today   string            `json:"today"`
			Reports []json.RawMessage `json:"reports"`
		}
		if json.Unmarshal(body, &request) != nil || !isDay(request.Today) || len(request.Reports) == 0 {
			return
		}
		if !isWanted(config, state, secret) {
			return
		}
		status, content, err := ask("POST", endpoint, body)
		if err != nil || !isWanted(config, state, secret) {
			return
		}
		switch status {
		case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
			noteSent(state, request.Today, body)
			removeSent(state, request.Reports)
			return
		case http.StatusAccepted:
		default:
			return
		}
		day, offset, ok := serverTime(content)
		if !ok {
			return
		}
		noteSent(state, day, body)
		mine := readInstallation(state)
		isRight := dayOf(clock().Add(mine.offset)) == day
		mine.offset = offset
		switch {
		case day == request.Today:
			mine.verified = day
			removeSent(state, request.Reports)
			_ = writeInstallation(state, mine)
			return
		case isRight: // it was midnight on the way
			body = requestBody(readQueue(state), day)
		default:
			body = requestBody(corrected(state, mine, request.Today, day), day)
		}
	}
}

// isWanted is false if the user has switched it off, or had the installation forgotten, while the sender was on its way.
func isWanted(config, state string, secret []byte) bool {
	now := readInstallation(state).secret
	return now != nil && bytes.Equal(now, secret) && (isForced() || readChoice(config).value != "off")
}

// serverTime returns the day of the server that answered, and how far this machine's clock is from its.
func serverTime(content []byte) (string, time.Duration, bool) {
	var answer struct {
		Day  string `json:"day"`
		Time string `json:"time"`
	}
	if json.Unmarshal(content, &answer) != nil {
		return "", 0, false
	}
	now, err := time.Parse(isoDay+" 15:04:05", answer.Day+" "+answer.Time)
	return answer.Day, now.Sub(clock()).Round(time.Second), err == nil
}

func removeSent(state string, reports []json.RawMessage) {
	for _, one := range reports {
		var read report
		if json.Unmarshal(one, &read) == nil && isDay(read.Day) {
			_ = os.Remove(filepath.Join(state, "queue-"+read.Day))
		}
	}
}

func noteSent(state, day string, body []byte) {
	path := filepath.Join(state, "sent")
	content, _ := os.ReadFile(path)
	lines := recentLines(string(content)+day+" "+string(body)+"\n", day)
	for len(lines) > maxSentBytes {
		_, lines, _ = strings.Cut(lines, "\n")
	}
	_ = replace(path, []byte(lines))
}

// corrected moves reports from the days of a wrong clock to the right ones, in the files too, and returns the new queue.
func corrected(state string, mine installation, wrong, right string) []queued {
	shift := daysBetween(wrong, right)
	isAll := mine.verified == "" // no day of this machine's is known to be right
	queue := readQueue(state)
	if isAll {
		mine.last, mine.since = addDays(mine.last, shift), ""
		for event, day := range mine.used {
			mine.used[event] = addDays(day, shift)
		}
	}
	isTaken := map[string]bool{}
	if !isAll {
		isTaken[mine.verified] = true
		for _, one := range queue {
			isTaken[one.day] = one.day != wrong
		}
		mine.last = right
	}
	var kept []queued
	for _, one := range queue {
		var moved report
		if !isAll && one.day != wrong {
			kept = append(kept, one)
			continue
		}
		if json.Unmarshal(one.content, &moved) != nil {
			continue
		}
		moved.Day = addDays(one.day, shift)
		if isTaken[moved.Day] {
			continue
		}
		if isAll {
			moved.moveAll(&mine, shift)
		} else {
			moved.moveToday(&mine, queue, wrong)
		}
		moved.ID = mine.id(moved.Day)
		content, _ := json.Marshal(moved)
		kept = append(kept, queued{moved.Day, content})
	}
	sort.Slice(kept, func(one, two int) bool { return kept[one].day < kept[two].day })
	isKept := map[string]bool{}
	for _, one := range kept {
		isKept[one.day] = true
		_ = replace(filepath.Join(state, "queue-"+one.day), one.content)
	}
	for _, one := range queue {
		if !isKept[one.day] {
			_ = os.Remove(filepath.Join(state, "queue-"+one.day))
		}
	}
	_ = writeInstallation(state, mine)
	for _, kind := range []string{"claim-", "events-"} {
		if !exists(filepath.Join(state, kind+right)) {
			_ = os.Rename(filepath.Join(state, kind+wrong), filepath.Join(state, kind+right))
		}
	}
	return kept
}

// moveAll moves a report whose clock was always wrong by the same. The first report names its own week.
func (moved *report) moveAll(mine *installation, shift int) {
	switch {
	case moved.Gap == nil:
		moved.Since = weekOf(moved.Day)
	case mine.since != "":
		moved.Since = mine.since
	default:
		moved.Since = shiftedWeek(moved.Since, shift)
	}
	mine.since = moved.Since
	for number := range moved.Used {
		moved.Used[number].Day = addDays(moved.Used[number].Day, shift)
	}
}

// moveToday moves the report of a wrong day. What it used on days that are not over, by the right clock, is left out.
func (moved *report) moveToday(mine *installation, queue []queued, wrong string) {
	var others []queued
	for _, one := range queue {
		if one.day != wrong {
			others = append(others, one)
		}
	}
	before := installation{verified: mine.verified}
	previous := previousDay(before, others, moved.Day)
	moved.Gap = gapBetween(previous, moved.Day)
	if moved.Gap == nil {
		moved.Since = weekOf(moved.Day)
	}
	used := []use{}
	for number := len(moved.Used) - 1; number >= 0; number-- {
		entry := moved.Used[number]
		switch {
		case entry.Day < moved.Day:
			used = append([]use{entry}, used...)
		case entry.Gap == nil:
			delete(mine.used, entry.Event)
		default:
			mine.used[entry.Event] = addDays(entry.Day, -*entry.Gap)
		}
	}
	moved.Used = used
}

// ---- Small things

// prepare writes a file under another name, and returns it. It makes the directory if there is none.
func prepare(path string, content []byte) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	prepared := fmt.Sprintf("%s.new%d", path, os.Getpid())
	err := os.WriteFile(prepared, content, 0o600)
	if err != nil {
		_ = os.Remove(prepared)
	}
	return prepared, err
}

// replace replaces a file as a whole: who reads it sees the old content or the new.
func replace(path string, content []byte) error {
	prepared, err := prepare(path, content)
	if err != nil {
		return err
	}
	if err = os.Rename(prepared, path); err != nil {
		_ = os.Remove(prepared)
	}
	return err
}

// isOurs tells whether Forget deletes a file.
func isOurs(name string) bool {
	kind, day, _ := strings.Cut(name, "-")
	isOfDay := isDay(day) && (kind == "claim" || kind == "queue" || kind == "events")
	return isOfDay || name == "installation" || name == "sent" || strings.Contains(name, ".new")
}

// linesOf returns the lines of a file that a person may have written, with an editor of Windows too.
func linesOf(content []byte) []string {
	lines := strings.Split(strings.TrimPrefix(string(content), "\ufeff"), "\n")
	for number := range lines {
		lines[number] = strings.TrimSpace(lines[number])
	}
	return lines
}

// completeLines returns the lines of a file. A last one without an end was not written wholly, and is left out.
func completeLines(path string) []string {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	lines := strings.Split(string(content), "\n")
	return lines[:len(lines)-1]
}

// recentLines returns the lines of the last days, up to a day.
func recentLines(lines, day string) string {
	var recent strings.Builder
	for _, line := range strings.SplitAfter(lines, "\n") {
		if of, _, _ := strings.Cut(line, " "); isDay(of) && of > addDays(day, -maxSentDays) {
			recent.WriteString(line)
		}
	}
	return recent.String()
}

func namesIn(directory string) []string {
	entries, _ := os.ReadDir(directory)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func contains(all []string, one string) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
}

func without(all, those []string) []string {
	var rest []string
	for _, one := range all {
		if !contains(those, one) {
			rest = append(rest, one)
		}
	}
	return rest
}

func sortedKeys[V any](all map[string]V) []string {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func firstError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func dayOf(moment time.Time) string {
	return moment.UTC().Format(isoDay)
}

func isDay(text string) bool {
	_, err := time.Parse(isoDay, text)
	return err == nil
}

func dayOrNothing(text string) string {
	if isDay(text) {
		return text
	}
	return ""
}

func addDays(day string, days int) string {
	moment, err := time.Parse(isoDay, day)
	if err != nil {
		return day
	}
	return moment.AddDate(0, 0, days).Format(isoDay)
}

func daysBetween(earlier, later string) int {
	one, _ := time.Parse(isoDay, earlier)
	two, _ := time.Parse(isoDay, later)
	return int((two.Unix() - one.Unix()) / 86400)
}

// gapBetween returns the days from one day to a later one, from 1 to 32, or nil if there is no earlier one.
func gapBetween(earlier, later string) *int {
	if earlier == "" {
		return nil
	}
	gap := daysBetween(earlier, later)
	switch {
	case gap < 1:
		gap = 1
	case gap > maxGap:
		gap = maxGap
	}
	return &gap
}

func weekOf(day string) string {
	moment, _ := time.Parse(isoDay, day)
	year, week := moment.ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}

// shiftedWeek moves an ISO week by days. The week's Thursday decides.
func shiftedWeek(week string, days int) string {
	var year, number int
	if _, err := fmt.Sscanf(week, "%d-W%d", &year, &number); err != nil {
		return week
	}
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // always in the first week
	thursday := fourth.AddDate(0, 0, 3-(int(fourth.Weekday())+6)%7+7*(number-1)+days)
	return weekOf(thursday.Format(isoDay))
}
