package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"hoso/infra/keys"
)

// environment is what the program hears from its surroundings: NAME, or the
// content of the file that NAME_FILE names, which is how secrets come into a
// container without standing in its environment.
type environment func(string) string

// value gives a variable, "" where it is not set. A line end at the end of a
// file does not count.
func (e environment) value(name string) (string, error) {
	value, file := e(name), e(name+"_FILE")
	switch {
	case file == "":
		return value, nil
	case value != "":
		return "", fmt.Errorf("%s and %s_FILE are both set: leave one out", name, name)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	if value = strings.TrimRight(string(raw), "\r\n"); value == "" {
		return "", fmt.Errorf("%s_FILE: %s is empty", name, file)
	}
	return value, nil
}

// master resolves the one secret that no flag brings.
func (e environment) master() (environment, error) {
	value, err := e.value(keys.EnvMaster)
	return func(name string) string {
		if name == keys.EnvMaster {
			return value
		}
		return e(name)
	}, err
}

// variable is the name under which the environment sets a flag: --data is HOSO_DATA.
func variable(flag string) string {
	return "HOSO_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment sets flags that the command line leaves out.
func fromEnvironment(env environment) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if flag.Name == "help" || flag.Name == "version" {
			return nil, nil
		}
		name := variable(flag.Name)
		read := env.value
		if namesFile(flag) {
			read = env.path
		}
		value, err := read(name)
		if value == "" || err != nil {
			return nil, err
		}
		if strings.ContainsAny(value, "\r\n") { // mostly the content of a file, and never to be shown
			return nil, fmt.Errorf("%s holds more than one line%s", name, wantsPath(flag))
		}
		return value, nil
	})
}

// namesFile reports whether a flag's value is a file's name.
func namesFile(flag *kong.Flag) bool { return flag.PlaceHolder == "FILE" }

func wantsPath(flag *kong.Flag) string {
	if namesFile(flag) {
		return ": give the file's name, not what is in it"
	}
	return ""
}

// path gives a variable that names a file: there NAME_FILE says the same as NAME.
func (e environment) path(name string) (string, error) {
	value, file := e(name), e(name+"_FILE")
	if value != "" && file != "" {
		return "", fmt.Errorf("%s and %s_FILE are both set: leave one out", name, name)
	}
	return value + file, nil
}

// shown keeps the parser from repeating what may be the content of a file.
func shown(err error, args []string) string {
	for _, arg := range args {
		if strings.ContainsAny(arg, "\r\n") {
			return "an argument holds more than one line, and the command line cannot be understood: where a flag takes a file, give its name, not what is in it"
		}
	}
	return err.Error()
}

// oneLine refuses what was put on the command line instead of a file's name,
// before anybody repeats it in a message.
func oneLine(line *kong.Context) error {
	for _, flag := range line.Flags() {
		if text, ok := line.FlagValue(flag).(string); ok && namesFile(flag) && strings.ContainsAny(text, "\r\n") {
			return badInput("--%s holds more than one line%s", flag.Name, wantsPath(flag))
		}
	}
	return nil
}
