package fault

import "log/slog"

// Attr is what a log says of a failure: fault (the kind), class, code, answered (the status), field and
// target where they are known, and error, our own text. What the other side said is not among them. It is
// a group without a name, whose members stand beside the line's other attributes; nil gives nothing.
func Attr(err error) slog.Attr {
	if err == nil {
		return slog.Attr{}
	}
	e := Of(err)
	attrs := []slog.Attr{slog.String("fault", e.Kind.String())}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("class", string(ClassOf(err)))
	add("code", e.Code)
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("answered", e.Status))
	}
	add("field", e.Field)
	add("target", e.Target)
	add("error", err.Error())
	return slog.Attr{Value: slog.GroupValue(attrs...)}
}
