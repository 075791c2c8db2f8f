"""The Judge pairs page: two responses to one instruction, judged blind."""
