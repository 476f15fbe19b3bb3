package opportunities

import (
	"context"
	"net/http"
	"strings"

	"github.com/cosell-sync/cosell-sync/shared/cosell"
	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
)

const (
	taskSet = "tasks"
	taskID  = "activityid"
	// https://learn.microsoft.com/power-apps/developer/data-platform/reference/entities/task
	taskOpen        = "0"
	taskCompleted   = 1
	taskCompletedAs = 5
)

// setTasks plans what the owner's tasks about an invitation become, as the value of the field task says.
// Their ids follow from the opportunity, so each is made once.
func (s *Store) setTasks(w *planned, o cosell.Opportunity, values cosell.Record, owner string) {
	switch values[cosell.Task] {
	case cosell.TaskAnswer, cosell.TaskReminder:
		w.tasks = append(w.tasks, s.newTask(o, values, owner))
	case cosell.TaskDone:
		w.tasks = append(w.tasks, s.taskDone(o, cosell.TaskAnswer))
	case cosell.TasksDone:
		w.tasks = append(w.tasks, s.taskDone(o, cosell.TaskAnswer), s.taskDone(o, cosell.TaskReminder))
	}
}

func (s *Store) taskDone(o cosell.Opportunity, which string) dataverse.Write {
	return dataverse.Write{Method: http.MethodPatch, Path: rowPath(taskSet, s.deterministic("task", o.ID, which)), IfMatch: unread,
		Body: map[string]any{stateColumn: taskCompleted, statusColumn: taskCompletedAs}}
}

func (s *Store) newTask(o cosell.Opportunity, values cosell.Record, owner string) dataverse.Write {
	expires := either(values, o.Record, cosell.Expires)
	subject, answer := "ccept or decline the co-sell referral", "Set the opportunity to In Progress to accept it, close it as lost to decline it."
	if s.table.isLead {
		subject, answer = "ccept or decline the lead from Microsoft", "Qualify the lead to accept it, disqualify it to decline it."
	}
	if values[cosell.Task] == cosell.TaskReminder {
		subject = "Last days to a" + subject
	} else {
		subject = "A" + subject
	}
	body := map[string]any{"subject": subject, "scheduledend": expires,
		"description":                     "Microsoft's invitation ends by itself on " + expires + ". " + answer,
		s.table.regarding + "@odata.bind": dataverse.Bind(s.table.set, o.ID)}
	if owner == "" {
		owner = ownerOf(o)
	}
	if owner != "" {
		body[ownerBind] = owner
	}
	return newRow(taskSet, s.deterministic("task", o.ID, values[cosell.Task]), body)
}

// ownerOf is the opportunity's owner, where it was read.
func ownerOf(o cosell.Opportunity) string {
	row, _ := o.Source.(dataverse.Row)
	if user, ok := relatedRow(row, ownerNav); ok {
		return dataverse.Bind(userSet, user.ID(userID))
	}
	if team := row.Text(lookupValue(owningTeam)); team != "" {
		return dataverse.Bind("teams", team)
	}
	return ""
}

// unread stands in the place of the version of a task that is to be completed, until asTheyAre has read it.
const unread = "*"

// asTheyAre gives the tasks with their versions, so that nothing is lost of what a person writes into one meanwhile. What is
// completed already, was deleted or may not be read is left as it is. Kinds: Broken, Later, Denied.
func (s *Store) asTheyAre(ctx context.Context, tasks []dataverse.Write) (out []dataverse.Write, err error) {
	for _, t := range tasks {
		if t.IfMatch == unread {
			id := strings.TrimSuffix(strings.TrimPrefix(t.Path, taskSet+"("), ")")
			row, err := s.api.Get(ctx, taskSet, id, dataverse.Query{Select: []string{taskID, stateColumn}})
			if fault.Is(err, fault.Gone) || fault.Is(err, fault.Refused) || err == nil && row.Text(stateColumn) != taskOpen {
				continue
			}
			if err != nil {
				return nil, err
			}
			t.IfMatch = row.ETag()
		}
		out = append(out, t)
	}
	return out, nil
}

// withTasks sends the writes with the tasks in one transaction. CRM may have no room for tasks (a right, a
// rule, one that a person deleted or completed): they never hold the deal back, so what is refused is sent
// again without them, and each of them once alone.
func (s *Store) withTasks(ctx context.Context, writes, tasks []dataverse.Write, then *dataverse.Read) (dataverse.Row, error) {
	if len(tasks) == 0 {
		return s.api.ChangeSet(ctx, writes, then)
	}
	versioned, err := s.asTheyAre(ctx, tasks)
	if err != nil {
		return dataverse.Row{}, err
	}
	if len(writes)+len(versioned) == 0 {
		return s.asItIs(ctx, then)
	}
	row, err := s.api.ChangeSet(ctx, append(append([]dataverse.Write{}, writes...), versioned...), then)
	if !perhapsTasks(err) {
		return row, err
	}
	changed := fault.Is(err, fault.Conflict)
	if len(writes) > 0 {
		if row, err = s.api.ChangeSet(ctx, writes, then); err != nil {
			return row, err
		}
	} else if row, err = s.asItIs(ctx, then); err != nil {
		return row, err
	}
	if len(tasks) > 1 || changed { // else one alone was it
		s.tasksAlone(ctx, tasks)
	}
	return row, nil
}

// asItIs reads what was to be read after the writes, where there are none.
func (s *Store) asItIs(ctx context.Context, then *dataverse.Read) (dataverse.Row, error) {
	if then == nil {
		return dataverse.Row{}, nil
	}
	return s.api.Get(ctx, then.Set, then.ID, then.Query)
}

// perhapsTasks says whether a refusal may be about the tasks: it names nothing, or them.
func perhapsTasks(err error) bool {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Gone:
		return true
	case fault.Refused:
		target := strings.ToLower(fault.Of(err).Target)
		return target == "" || strings.Contains(target, "task") || strings.Contains(target, "activity") || strings.Contains(target, connectionKind)
	}
	return false
}

// tasksAlone sends each task once; one that cannot be written stays as it is.
func (s *Store) tasksAlone(ctx context.Context, tasks []dataverse.Write) {
	tasks, err := s.asTheyAre(ctx, tasks)
	if err != nil {
		return
	}
	for _, t := range tasks {
		if _, err := s.api.ChangeSet(ctx, []dataverse.Write{t}, nil); err != nil && fault.Is(err, fault.Broken) {
			return // it is not worth another try
		}
	}
}
