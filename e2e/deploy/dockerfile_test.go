package deploy

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// dockerfile is a parsed Dockerfile, one entry an instruction. Build variables
// keep their defaults.
type dockerfile []instruction

type instruction struct {
	stage int    // number of FROM lines so far
	name  string // in capitals
	args  string
}

func parseDockerfile(content string) dockerfile {
	var d dockerfile
	stage := 0
	var joined string
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if more, ok := strings.CutSuffix(line, `\`); ok {
			joined += more
			continue
		}
		name, args, _ := strings.Cut(joined+line, " ")
		joined = ""
		name = strings.ToUpper(name)
		if name == "FROM" {
			stage++
		}
		d = append(d, instruction{stage: stage, name: name, args: strings.TrimSpace(args)})
	}
	return d
}

// all are the arguments of every instruction of this name in the last stage.
func (d dockerfile) all(name string) []string {
	var found []string
	for _, i := range d {
		if i.name == name && i.stage == d[len(d)-1].stage {
			found = append(found, i.args)
		}
	}
	return found
}

// last is the instruction of this name that is in force.
func (d dockerfile) last(name string) string {
	if all := d.all(name); len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// command is an instruction in exec form; without a shell no other works.
func (d dockerfile) command(name string) ([]string, error) {
	var args []string
	text := d.last(name)
	err := json.Unmarshal([]byte(text[max(strings.IndexByte(text, '['), 0):]), &args)
	return args, err
}

// buildCommand is the line that builds the binary, with another output.
func (d dockerfile) buildCommand(output string) (env, args []string, err error) {
	variables := map[string]string{}
	for _, i := range d {
		switch {
		case i.name == "ARG":
			name, value, _ := strings.Cut(i.args, "=")
			variables[name] = value
		case i.name == "RUN" && strings.Contains(i.args, "go build"):
			args = fields(i.args)
		}
	}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		env, args = append(env, args[0]), args[1:]
	}
	at := slices.Index(args, "-o") + 1
	if at == 0 || at == len(args) {
		return nil, nil, errors.New("the Dockerfile has no line: go build … -o OUTPUT …")
	}
	args[at] = output
	for i, a := range args {
		for name, value := range variables {
			a = strings.ReplaceAll(a, "${"+name+"}", value)
		}
		args[i] = a
	}
	return env, args, nil
}

// fields splits as a shell does, as far as double quotes go.
func fields(s string) []string {
	var out []string
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
