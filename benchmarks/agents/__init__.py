"""Agent Servers side by side: the same folder of graphs, asked over the Agent Server protocol."""
