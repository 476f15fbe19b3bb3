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
	return dataverse.Write{Method: http.MethodPatch, Path: rowPath(taskSet, s.deterministic("task", o.ID, which)), IfMatch: "*",
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

// withTasks sends the writes with the tasks in one transaction. CRM may have no room for tasks (a right, a
// rule, one that a person deleted or completed): they never hold the deal back, so what is refused is sent
// again without them, and each of them once alone.
func (s *Store) withTasks(ctx context.Context, writes, tasks []dataverse.Write, then *dataverse.Read) (dataverse.Row, error) {
	if len(tasks) == 0 {
		return s.api.ChangeSet(ctx, writes, then)
	}
	row, err := s.api.ChangeSet(ctx, append(append([]dataverse.Write{}, writes...), tasks...), then)
	if !perhapsTasks(err) {
		return row, err
	}
	if len(writes) > 0 {
		if row, err = s.api.ChangeSet(ctx, writes, then); err != nil {
			return row, err
		}
	} else if row, err = s.api.Get(ctx, then.Set, then.ID, then.Query); err != nil {
		return row, err
	}
	if len(tasks) > 1 { // one alone was it
		s.tasksAlone(ctx, tasks)
	}
	return row, nil
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
	for _, t := range tasks {
		if _, err := s.api.ChangeSet(ctx, []dataverse.Write{t}, nil); err != nil && fault.Is(err, fault.Broken) {
			return // it is not worth another try
		}
	}
}
