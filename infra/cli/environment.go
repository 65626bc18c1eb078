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
		value, err := env.value(variable(flag.Name))
		if value == "" || err != nil {
			return nil, err
		}
		return value, nil
	})
}
