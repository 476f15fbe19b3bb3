package dataversesim

import "maps"

// publishedRow is the name under which a row that was written keeps itself as it was published; none of a new row.
const publishedRow = "@published"

// publishable are the tables whose rows people see as they were published last.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveunpublishedmultiple
func publishable(table string) bool {
	return table == "systemform" || table == "savedquery" || table == "webresource"
}

// unpublish marks what is written as not published yet, and keeps what was.
func unpublish(old *row, v map[string]any) {
	v["componentstate"] = int64(1)
	switch {
	case old == nil:
		delete(v, publishedRow)
	case old.number("componentstate") == 0:
		was := maps.Clone(old.v)
		delete(was, publishedRow)
		v[publishedRow] = was
	default:
		v[publishedRow] = old.v[publishedRow]
	}
}

// layers are what a read shows of a row: as it was published, or with unpublished as it was written. The switch
// setupUnpublished says whether a plain read shows the one or the other, and whether the function shows both.
func (s *Simulator) layers(tab *table, r *row, unpublished bool) []*row {
	if r != nil && unpublished && r.number("componentstate") == 0 && s.sw.text("setupUnpublished") == "drafts" {
		return nil
	}
	if r == nil || !publishable(tab.name) || r.number("componentstate") == 0 || s.sw.text("setupUnpublished") == "shown" {
		return []*row{r}
	}
	var was *row
	if v, _ := r.v[publishedRow].(map[string]any); v != nil {
		copied := *r
		copied.v = v
		was = &copied
	}
	switch {
	case unpublished && was != nil && s.sw.text("setupUnpublished") == "both":
		return []*row{was, r}
	case unpublished:
		return []*row{r}
	case was == nil:
		return nil
	}
	return []*row{was}
}
