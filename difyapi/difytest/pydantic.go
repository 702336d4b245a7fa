package difytest

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// checkByPydantic checks as Dify does since 1.11.0: all mistakes together, in
// pydantic's many-line text.
func checkByPydantic(_ release, values url.Values, params *listParams) *answer {
	var errors []string
	if values.Has("status") {
		if params.status = values.Get("status"); !filterable(params.status) {
			errors = append(errors, pydanticError("status", params.status,
				"Input should be 'succeeded', 'failed' or 'stopped'", "literal_error"))
		}
	}
	for _, number := range params.numbers() {
		if !values.Has(number.parameter) {
			continue
		}
		n, message, kind := pydanticNumber(values.Get(number.parameter), number.largest)
		if message != "" {
			errors = append(errors, pydanticError(number.parameter, values.Get(number.parameter), message, kind))
		}
		*number.into = n
	}
	if len(errors) == 0 {
		return nil
	}
	plural := "s"
	if len(errors) == 1 {
		plural = ""
	}
	head := fmt.Sprintf("%d validation error%s for WorkflowLogQuery\n", len(errors), plural)
	return new(invalidParam(head + strings.Join(errors, "\n")))
}

// pydanticNumber reads an integer from 1 to largest, or says what is wrong.
func pydanticNumber(text string, largest int) (n int, message, kind string) {
	n, ok := pydanticInt(text)
	switch {
	case !ok:
		return 0, "Input should be a valid integer, unable to parse string as an integer", "int_parsing"
	case n < 1:
		return 0, "Input should be greater than or equal to 1", "greater_than_equal"
	case n > largest:
		return 0, "Input should be less than or equal to " + strconv.Itoa(largest), "less_than_equal"
	}
	return n, "", ""
}

func pydanticError(parameter, input, message, kind string) string {
	return fmt.Sprintf("%s\n  %s [type=%s, input_value=%s, input_type=str]\n"+
		"    For further information visit https://errors.pydantic.dev/2.12/v/%s",
		parameter, message, kind, shortened(pythonRepr(input)), kind)
}

// shortened cuts the middle out of a long value.
func shortened(repr string) string {
	const longest, head, tail = 50, 25, 24
	if len(repr) <= longest {
		return repr
	}
	return strings.ToValidUTF8(repr[:head], "") + "..." + strings.ToValidUTF8(repr[len(repr)-tail:], "")
}

// pythonRepr quotes text as Python does: in single quotes, unless only those
// are in it.
func pythonRepr(text string) string {
	quote := "'"
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = `"`
	}
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, quote, `\`+quote)
	return quote + escape.Replace(text) + quote
}

// pydanticInt takes what Python's int() does, and a fraction of zeros.
func pydanticInt(text string) (int, bool) {
	text = strings.TrimSpace(text)
	whole, fraction, found := strings.Cut(text, ".")
	if found && (fraction == "" || strings.Trim(fraction, "0") != "") {
		return 0, false
	}
	return pythonInt(whole)
}
