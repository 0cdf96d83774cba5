// Start
