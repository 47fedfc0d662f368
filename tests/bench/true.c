// SPDX-License-Identifier: Apache-2.0
/* The container's program in the measurements: it ends at once. */
int main(void)
{
	return 0;
}
