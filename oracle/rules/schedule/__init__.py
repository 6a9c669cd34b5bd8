"""Event schedules of loans as the ACTUS standard defines them: PAM, LAM, NAM and ANN. Pure."""
