-- Which keys a booth was enrolled for (0 live, 1 test); until now only its ticket told.
ALTER TABLE device ADD COLUMN purpose INTEGER NOT NULL DEFAULT 0 CHECK (purpose IN (0, 1));

UPDATE device SET purpose = coalesce((
    SELECT ticket.purpose FROM enrolment JOIN ticket ON ticket.hash = enrolment.ticket
    WHERE enrolment.site = device.site AND enrolment.device = device.device
        AND enrolment.state = 'approved'
    ORDER BY enrolment.came_at DESC LIMIT 1
), 0);
